"""A real Redis that knows nothing of TLS, behind a `tls` listener: redis-cli with --tls and
--sni reaches it among other sites, answers larger than any buffer included, and its own
pipelining benchmark runs through."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.ports import free_port
from support.process import run
from support.scenario import main, tls_listener


def test(t):
    redis_port = free_port()
    redis = t.process(["redis-server", "--bind", "127.0.0.1", "--port", str(redis_port),
                       "--save", "", "--appendonly", "no", "--dir", t.folder], name="redis")
    redis.wait_for_output("Ready to accept connections")
    other = t.backend()
    port = t.port()
    t.sallyport(tls_listener(port) + t.three_sites(f"127.0.0.1:{redis_port}", other.address))
    tls = ["-h", "127.0.0.1", "-p", str(port), "--tls", "--sni", "offload.test", "--cacert",
           t.authority.file]

    def redis_cli(*command):
        done = run(["redis-cli", *tls, *command])
        assert done.returncode == 0, (command, done)
        return done.stdout.strip()

    assert redis_cli("PING") == "PONG"
    assert redis_cli("SET", "gate", "two doors") == "OK"
    assert redis_cli("GET", "gate") == "two doors"
    redis_cli("SETRANGE", "large", str(8 * 1024 * 1024 - 1), "x")
    assert redis_cli("STRLEN", "large") == str(8 * 1024 * 1024)
    done = run(["redis-cli", *tls, "--no-raw", "GET", "large"])
    assert done.returncode == 0 and len(done.stdout) > 8 * 1024 * 1024, done.stderr
    done = run(["redis-benchmark", *tls, "-t", "set,get", "-n", "5000", "-c", "20", "-P", "8",
                "-q"], within=60)
    assert done.returncode == 0 and "GET:" in done.stdout, done
    assert "rror" not in done.stdout + done.stderr, done


if __name__ == "__main__":
    main(test)
