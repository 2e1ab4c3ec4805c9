"""nginx and HAProxy with many hosts, and a reload for each change: what kube_scale.py has beside
the proxy."""
import os
import pathlib
import re
import signal
import subprocess
import time

import scale

NGINX = """daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    server_names_hash_max_size 65536;
    server_names_hash_bucket_size 128;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    include {folder}/sites.conf;
}}
"""
NGINX_SITE = """upstream web-{i} {{ server 127.0.0.1:{port}; server 127.0.0.2:{port}; keepalive 8; }}
server {{
    listen 127.0.0.1:{listen} ssl;
    server_name {host};
    ssl_certificate {certificates}/{host}/tls.crt;
    ssl_certificate_key {certificates}/{host}/tls.key;
    location / {{ proxy_pass http://web-{i}; }}
}}
"""
HAPROXY = """global
    nbthread 2
    maxconn 4096
    pidfile {folder}/haproxy.pid
    stats socket {folder}/admin.sock level admin expose-fd listeners
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout http-request 15s
frontend https
    bind 127.0.0.1:{listen} ssl crt-list {folder}/crt-list
    use_backend %[req.hdr(host),lower,map({folder}/hosts.map)]
"""
HAPROXY_SITE = """backend web-{i}
    server one 127.0.0.1:{port}
    server two 127.0.0.2:{port}
"""


class Peer:
    """A process and its children, ready when it is made. A context manager."""

    def __init__(self, folder, certificates, hosts, ports):
        self.folder, self.certificates, self.hosts, self.ports = folder, certificates, hosts, ports
        self.port = scale.free_port()
        self.backends = ["a"] * len(hosts)
        self.write_once()
        self.write()
        began = time.monotonic()
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL,
                                        stderr=open(folder / "stderr", "w"))
        while True:
            if self.process.poll() is not None:
                raise RuntimeError((folder / "stderr").read_text()[:2000])
            try:
                scale.shown(self.port, hosts[0], request=True)
                break
            except OSError:
                time.sleep(0.02)
        self.ready_s = time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def sites(self, form):
        return "".join(form.format(i=i, host=name, port=self.ports[self.backends[i]],
                                   listen=self.port, certificates=self.certificates)
                       for i, name in enumerate(self.hosts))

    def move(self, i, backend):
        self.backends[i] = backend
        self.write()

    def processes(self):
        found = [self.process.pid]
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            found += map(int, task.read_text().split())
        return found

    def cpu(self):
        """Of all, those that have ended included, in seconds."""
        total = 0
        for pid in self.processes():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            total += sum(map(int, fields[11:15 if pid == self.process.pid else 13]))
        return total / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Of all, each page once, in MiB."""
        total = 0
        for pid in self.processes():
            try:
                text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
        return total / 1024


class Nginx(Peer):
    name = "nginx"

    def write_once(self):
        (self.folder / "nginx.conf").write_text(NGINX.format(folder=self.folder))

    def write(self):
        (self.folder / "sites.conf").write_text(self.sites(NGINX_SITE))

    def command(self):
        return ["nginx", "-e", self.folder / "nginx.log", "-c", self.folder / "nginx.conf"]

    def reload(self):
        self.process.send_signal(signal.SIGHUP)


class Haproxy(Peer):
    name = "haproxy"

    def write_once(self):
        lines, map_lines = [], []
        for i, name in enumerate(self.hosts):
            pem = self.folder / f"{name}.pem"
            secret = self.certificates / name
            pem.write_text((secret / "tls.crt").read_text() + (secret / "tls.key").read_text())
            lines.append(f"{pem} {name}\n")
            map_lines.append(f"{name} web-{i}\n")
        (self.folder / "crt-list").write_text("".join(lines))
        (self.folder / "hosts.map").write_text("".join(map_lines))

    def write(self):
        (self.folder / "haproxy.cfg").write_text(
            HAPROXY.format(folder=self.folder, listen=self.port) + self.sites(HAPROXY_SITE))

    def command(self):
        return ["haproxy", "-W", "-f", self.folder / "haproxy.cfg"]

    def reload(self):
        self.process.send_signal(signal.SIGUSR2)


PEERS = (Nginx, Haproxy)
