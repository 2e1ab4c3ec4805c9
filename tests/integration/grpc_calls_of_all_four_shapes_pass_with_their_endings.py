"""@grpc/grpc-js on both sides: calls of all four shapes in the clear, through offload and reencrypt; a
status of the server's; deadlines and cancellations of the client's, which reach the server, and of the
server's, which reach the client. A call that the proxy
itself cannot serve is told so by grpc-status, and `grpc-timeout` holds here as well.
SALLYPORT_FULL=1: ten thousand calls for each way."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import os
import re

from support.http_front import Front
from support.node import install, node, node_server
from support.process import run
from support.scenario import main

FULL = bool(os.environ.get("SALLYPORT_FULL"))
TIMEOUT = 600
COUNT = 2500 if FULL else 800  # of each shape, for each way
FAILED_PRECONDITION, DEADLINE_EXCEEDED, CANCELLED = 9, 4, 1


class GrpcBackend:
    def __init__(self, t, tls):
        self.address = node_server(t, "grpc_server.js", tls)


def calls(t, front, way):
    authority = "-" if way == "plain" else t.authority.file
    client = node(t, "grpc_client.js", f"127.0.0.1:{front.port(way)}", f"{way}.test", authority,
                  COUNT, name=f"grpc-client-{way}")
    assert client.wait(180) == 0, (way, client.output)
    told = json.loads(client.output.strip().splitlines()[-1])
    for shape in ("unary", "collect", "spread", "echo"):
        assert told[shape] == COUNT, (way, told)
    assert told["failure"] == FAILED_PRECONDITION, (way, told)
    assert told["deadline"] == DEADLINE_EXCEEDED, (way, told)
    assert told["cancelled"] == CANCELLED, (way, told)
    assert told["seen"] >= 2, (way, told)
    code, details = told["late"]
    left = int(re.fullmatch(r"late, of (\d+)", details)[1])
    assert code == DEADLINE_EXCEEDED and 10_000 < left <= 20_000, (way, told)
    assert told["torn"] == [[0, 1, 2], CANCELLED, "torn"], (way, told)
    assert told["broken"] == CANCELLED, (way, told)


def is_told(t, front, host, path, status, *fields):
    message = t.folder / "message"
    message.write_bytes(b"\x00\x00\x00\x00\x02{}")
    arguments = [argument for field in fields for argument in ("-H", field)]
    done = run([*front.curl("plain"), "--http2-prior-knowledge", "-i", "--data-binary",
                f"@{message}", "--resolve", f"{host}:{front.http_port}:127.0.0.1", "-H",
                "Content-Type: application/grpc", *arguments,
                f"http://{host}:{front.http_port}{path}"], 30)
    assert "HTTP/2 200" in done.stdout, done
    assert f"grpc-status: {status}" in done.stdout, done


def test(t):
    install()
    front = Front(t, plain=GrpcBackend(t, False), tls=GrpcBackend(t, True),
                  listener_keys=", http2: true", site_keys=", redirect_http: false",
                  service_keys=", protocol: http2", sites="""
  - {host: nobody.test, listeners: [http], scenario: offload, service: nobody}
""", services=f"""  - {{name: nobody, endpoints: ["127.0.0.1:{t.port()}"]}}
""")
    for way in ("plain", "offload", "reencrypt"):
        calls(t, front, way)
    is_told(t, front, "unknown.test", "/sallyport.Test/Unary", 12)
    is_told(t, front, "nobody.test", "/sallyport.Test/Unary", 14)
    is_told(t, front, "plain.test", "/sallyport.Test/Never", 4, "grpc-timeout: 300m", "TE: trailers")
    front.proxy.wait_idle()


if __name__ == "__main__":
    main(test)
