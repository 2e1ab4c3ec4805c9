"""A real TLS server as backend: nginx with a certificate of a private CA, which also demands a
client certificate from the proxy on a second port. nginx's log says whom it believes it talks
to."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.ports import free_port
from support.process import run
from support.scenario import main, tls_listener
from support.waiting import eventually


def test(t):
    secret = t.authority.issue("nginx", dns=("nginx.internal", "through.test"))
    ours = t.authority.issue("sallyport", dns=("sallyport.internal",), client=True)
    site = t.authority.issue("site", dns=("again.test", "mutual.test"))
    open_port, mutual_port = free_port(), free_port()
    start_nginx(t, f"""
    server {{
      listen 127.0.0.1:{open_port} ssl;
      location / {{ return 200 "nginx for $ssl_server_name, $ssl_protocol\\n"; }}
    }}
    server {{
      listen 127.0.0.1:{mutual_port} ssl;
      ssl_client_certificate {t.authority.file};
      ssl_verify_client on;
      location / {{ return 200 "nginx for $ssl_client_s_dn\\n"; }}
    }}
""", secret)
    port = t.port()
    t.sallyport(tls_listener(port) + f"""
secrets:
  - {{name: site, directory: {site}}}
  - {{name: authority, ca.crt: {t.authority.file}}}
  - {{name: ours, directory: {ours}}}
sites:
  - {{host: through.test, scenario: passthrough, service: ["127.0.0.1:{open_port}"]}}
  - {{host: again.test, scenario: reencrypt, secret: site, service: again}}
  - {{host: mutual.test, scenario: reencrypt, secret: site, service: mutual}}
services:
  - {{name: again, endpoints: ["127.0.0.1:{open_port}"],
     tls: {{name: nginx.internal, secret: authority}}}}
  - {{name: mutual, endpoints: ["127.0.0.1:{mutual_port}"],
     tls: {{name: nginx.internal, secret: ours}}}}
""")
    for host, expected in (("through.test", "nginx for through.test, TLSv1.3\n"),
                           ("again.test", "nginx for nginx.internal, TLSv1.3\n"),
                           ("mutual.test", "nginx for CN=sallyport\n")):
        done = run(["curl", "-sS", "--max-time", "20", "--http1.1", "--cacert", t.authority.file,
                    "--resolve", f"{host}:{port}:127.0.0.1", f"https://{host}:{port}/"])
        assert (done.returncode, done.stdout) == (0, expected), (host, done)


def start_nginx(t, servers, secret):
    folder = t.folder / "nginx"
    folder.mkdir()
    (folder / "nginx.conf").write_text(f"""
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.out;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  ssl_certificate {secret}/tls.crt;
  ssl_certificate_key {secret}/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  {servers}
}}
""")
    nginx = t.process(["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e",
                       folder / "error.out"], name="nginx")

    def listening():
        assert nginx.alive, nginx.output
        return (folder / "pid").exists() and (folder / "pid").read_text()
    eventually("nginx is up", listening)


if __name__ == "__main__":
    main(test)
