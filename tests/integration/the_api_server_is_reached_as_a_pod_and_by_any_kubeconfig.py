"""Who the controller is at the API server: a pod with its environment, its CA and a token that is
rotated while it runs; a kubeconfig with a client certificate, with one from files that are replaced,
with a token file that is rotated, and with a plugin that is run again when its token is over. Each
is let in as who it should be, keeps what it serves over the change, and is refused with what was
there before. Who has no right to be there serves nothing."""

import sys

sys.path.append(sys.path[0] + "/..")
import base64
import datetime
import os
import shutil
import subprocess

from support.kube import manifests
from support.kube.api_server import ApiServer
from support.kube.controller import Controller, named_backend, serve
from support.scenario import main
from support.waiting import eventually

TIMEOUT = 240
SETTINGS = "watch_timeout: 2s\nleader_election: {enabled: false}"
FOLDER = "/run/secrets/kubernetes.io/serviceaccount"


def test(t):
    server = t.keep(ApiServer(t, everything=False))
    server.access.grant_everything("certified")
    server.access.grant_everything("token-bearer")
    server.access.tokens.clear()
    server.apply(manifests.ingress_class())
    backends = [named_backend(t, name) for name in ("old", "new")]
    serve(server, t, "web", backends[0])
    world = World(t, server, backends)
    for way in (as_a_pod, by_a_certificate, by_certificate_files, by_a_token_file, by_a_plugin):
        server.access.tokens.clear()
        server.requests.clear()
        way(world)
        world.stop()
        print(way.__name__, "is let in, and let in again")
    nobody(world)


class World:
    def __init__(self, t, server, backends):
        self.t, self.server, self._backends = t, server, backends
        self._at, self._count, self.proxy = 0, 0, None

    def start(self, user=None, **options):
        self._count += 1
        name = f"proxy-{self._count}"
        if "kubeconfig" not in options:
            options["kubeconfig"] = self.server.kubeconfig(self.t.folder / f"{name}.kubeconfig",
                                                           user=user)
        self.proxy = self.t.keep(Controller(self.t, self.server, name=name, kubernetes=SETTINGS,
                                            **options))

    def stop(self):
        if self.proxy:  # None: what has no mount namespace was left out
            self.proxy.stop()

    def follows(self, who, within=20):
        """What changes is served: the API server has let `who` in."""
        self.server.requests.clear()
        self._at = 1 - self._at
        self.server.apply(manifests.endpoints("web", [self._backends[self._at].address]))
        eventually(f"{who} is told of changes", lambda: self.proxy.served_by("web.test") ==
                   self._backends[self._at].name, within)
        eventually(f"{who} asks", lambda: self.server.requests, within)
        assert {r[0] for r in self.server.requests} == {who}, self.server.requests

    def token(self, name):
        """From now on only this one counts."""
        self.server.access.tokens.clear()
        self.server.access.tokens[name] = "token-bearer"
        self.server.end_watches()

    def is_refused(self):
        before = self.proxy.errors(reason="unauthorized")
        eventually("what was there before is refused",
                   lambda: self.proxy.errors(reason="unauthorized") > before)
        assert self.proxy.served_by("web.test"), "what is known is served on"


def replace(file, text):
    """As kubelet does: by a rename, so that nobody reads a half."""
    other = file.with_name(file.name + ".new")
    other.write_text(text)
    os.rename(other, file)


def as_a_pod(world):
    t, server = world.t, world.server
    account = t.folder / "account"
    account.mkdir()
    shutil.copy(server.authority.file, account / "ca.crt")
    (account / "namespace").write_text("edge")
    (account / "token").write_text("first")
    world.token("first")
    if not private_run():
        return print("no mount namespace here: as a pod is left out")
    program, t.program = t.program, wrapper(t, account)
    try:
        world.start(kubeconfig=False, env={**os.environ, "KUBERNETES_SERVICE_HOST": "127.0.0.1",
                                           "KUBERNETES_SERVICE_PORT": str(server.port)})
    finally:
        t.program = program
    world.follows("token-bearer")
    world.token("second")
    world.is_refused()
    replace(account / "token", "second\n")
    world.follows("token-bearer", 45)


def private_run():
    return subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/run"],
                          capture_output=True).returncode == 0


def wrapper(t, account):
    """The program with /run of its own, in which a pod's folder is."""
    file = t.folder / "as-a-pod"
    file.write_text(f"""#!/bin/sh
exec unshare -m sh -c 'mount -t tmpfs none /run && mkdir -p {os.path.dirname(FOLDER)} &&
  ln -s {account} {FOLDER} && exec "$@"' sh {t.program} "$@"
""")
    file.chmod(0o755)
    return file


def by_a_certificate(world):
    folder = world.t.authority.issue("certified", client=True)
    world.start({f"client-{k}-data": base64.b64encode((folder / f"tls.{s}").read_bytes()).decode()
                 for k, s in (("certificate", "crt"), ("key", "key"))})
    world.follows("certified")
    assert not world.proxy.errors(), "without any trouble"


def by_certificate_files(world):
    """The authority of clients is replaced, then the certificate: it is read when it is refused."""
    t, server = world.t, world.server
    folder = t.folder / "client"
    folder.mkdir()
    copy(t.authority.issue("certified", client=True), folder)
    world.start({"client-certificate": str(folder / "tls.crt"),
                 "client-key": str(folder / "tls.key")})
    world.follows("certified")
    own = t.authority.issue("kube", dns=("kubernetes",), ip=("127.0.0.1",))
    server.use(own, t.other_authority().file)
    server.cut()
    eventually("the old certificate is refused",
               lambda: world.proxy.errors(reason="untrusted") >= 1)
    assert world.proxy.served_by("web.test"), "what is known is served on"
    copy(t.other_authority().issue("certified", client=True), folder)
    world.follows("certified", 45)
    server.use(own, t.authority.file)
    server.cut()


def copy(secret, folder):
    for name in ("tls.crt", "tls.key"):
        replace(folder / name, (secret / name).read_text())


def by_a_token_file(world):
    file = world.t.folder / "token"
    file.write_text("first")
    world.token("first")
    world.start({"tokenFile": str(file)})
    world.follows("token-bearer")
    world.token("second")
    world.is_refused()
    replace(file, "second")
    world.follows("token-bearer", 45)


def by_a_plugin(world):
    token, runs, plugin = (world.t.folder / n for n in ("plugin.token", "plugin.runs", "plugin"))
    token.write_text("first")
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=14)
    plugin.write_text(f"""#!/bin/sh
echo "$WHO $1" >> {runs}
expires={soon:%Y-%m-%dT%H:%M:%SZ}
[ "$(cat {token})" = first ] || expires=2099-01-01T00:00:00Z
cat <<END
{{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
 "status": {{"token": "$(cat {token})", "expirationTimestamp": "$expires"}}}}
END
""")
    plugin.chmod(0o755)
    world.token("first")
    world.start({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin),
                          "args": ["get-token"], "env": [{"name": "WHO", "value": "me"}],
                          "interactiveMode": "Never"}})
    world.follows("token-bearer")
    assert set(runs.read_text().splitlines()) == {"me get-token"}, runs.read_text()
    # It is run again before its token is over, and when the server refuses what it had printed.
    token.write_text("second")
    world.server.access.tokens["second"] = "token-bearer"
    eventually("it is run again", lambda: len(runs.read_text().splitlines()) >= 2, 30)
    world.token("second")
    world.follows("token-bearer")
    token.write_text("third")
    world.token("third")
    world.follows("token-bearer", 45)
    plugin.write_text("#!/bin/sh\nexit 3\n")
    world.server.cut()
    assert world.proxy.served_by("web.test"), "what is known is served on"


def nobody(world):
    """A certificate of a stranger, and a server that is one: nothing is served, and the reason said."""
    stranger = world.t.other_authority().issue("certified", client=True)
    user = {"client-certificate": str(stranger / "tls.crt"), "client-key": str(stranger / "tls.key")}
    world.start(user, wait=False)
    eventually("it is refused", lambda: world.proxy.errors(resource="ingresses") >= 1)
    assert not world.proxy.is_ready()
    world.stop()
    world.server.use(world.t.other_authority().issue("kube", ip=("127.0.0.1",)))
    token = "right"
    world.token(token)
    world.server.requests.clear()
    world.start({"token": token}, wait=False)
    eventually("the server is not believed",
               lambda: world.proxy.errors(reason="untrusted") >= 1)
    assert not world.proxy.is_ready()
    assert not [r for r in world.server.requests if r[0] == "token-bearer"], "it was told the token"


if __name__ == "__main__":
    main(test)
