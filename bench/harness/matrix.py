"""What the cost table has rows of: scenarios, workloads, keys and protocols, and which meet."""

from dataclasses import dataclass

CIPHERSUITE = "TLS_AES_128_GCM_SHA256"  # of every leg: nobody wins by a cheaper one
ECHO, HTTP = "echo.bench.test", "http.bench.test"  # names by which the two backends are reached


@dataclass(frozen=True)
class Scenario:
    """Its configurations are bench/peers/PROXY/NAME.SUFFIX; with `client` clients show a
    certificate."""

    name: str
    http: bool = True  # or bytes
    tls_ends: bool = True  # at the proxy
    backend_tls: bool = False
    backend_http2: bool = False
    client: bool = False


@dataclass(frozen=True)
class Workload:
    name: str
    unit: str  # what one exchange of it is
    host: str
    load: tuple  # arguments of its tool
    tool: str = "load"  # bench/load; or a generator that everybody knows: h2load, wrk


@dataclass(frozen=True)
class Row:
    scenario: Scenario
    workload: Workload
    keys: str = "p256"
    protocol: str = "bytes"

    @property
    def name(self):
        parts = [self.scenario.name, self.workload.name]
        parts += [self.protocol] if self.protocol != "bytes" else []
        return " ".join(parts + ([self.keys] if self.keys != "p256" else []))


PASSTHROUGH = Scenario("passthrough-bytes", http=False, tls_ends=False, backend_tls=True)
OFFLOAD_BYTES = Scenario("offload-bytes", http=False)
REENCRYPT_BYTES = Scenario("reencrypt-bytes", http=False, backend_tls=True)
OFFLOAD = Scenario("offload-http")
REENCRYPT = Scenario("reencrypt-http", backend_tls=True)
OFFLOAD_HTTP2 = Scenario("offload-http2", backend_http2=True)
REENCRYPT_HTTP2 = Scenario("reencrypt-http2", backend_tls=True, backend_http2=True)
MTLS = Scenario("mtls-http", client=True)


def transfers(sizes, connections):
    """Downloads and uploads: few connections, each with much."""
    few = str(max(1, connections // 8))
    for size in sizes:
        path = size.lower().removesuffix("ib")
        unit = "MiB" if size == "1MiB" else f"{size} response"
        yield Workload(f"download-{path}", unit, HTTP, ("--path", f"/{path}", "--connections", few))
        yield Workload(f"upload-{path}", unit.replace("response", "upload"), HTTP,
                       ("--path", "/upload", "--body", size, "--connections", few))


def all_rows(small, sizes, connections):
    """Every row. `small` is the size of keep-alive exchanges, `sizes` those of transfers."""
    path = small.lower().removesuffix("ib")
    many, some = str(connections), str(max(1, connections // 4))
    echo = Workload(f"keepalive-{path}", f"{small} exchange", ECHO,
                    ("--exchange", "echo", "--size", small, "--connections", many))
    connect = Workload("connection", "new connection", ECHO,
                       ("--exchange", "echo", "--size", "64", "--new-connections",
                        "--connections", some))
    request = Workload(f"keepalive-{path}", f"{small} request", HTTP,
                       ("--path", f"/{path}", "--connections", many))
    full = Workload("full", "new connection", HTTP,
                    ("--path", f"/{path}", "--new-connections", "--connections", some))
    resumed = Workload("resumed", "new connection", HTTP, (*full.load, "--resume"))
    streams = Workload(f"streams-{path}", f"{small} request", HTTP,
                       ("-c", some, "-m", "8", f"/{path}"), tool="h2load")
    multiplexed = Workload(f"multiplexed-{path}", f"{small} request", HTTP,
                           ("-c", many, "-m", "16", f"/{path}"), tool="h2load")
    wrk = Workload(f"wrk-{path}", f"{small} request", HTTP, ("-c", many, "-t", "1", f"/{path}"),
                   tool="wrk")
    moves = list(transfers(sizes, connections))
    rows = [Row(s, w) for s in (PASSTHROUGH, OFFLOAD_BYTES, REENCRYPT_BYTES)
            for w in (echo, *moves, connect)]
    rows += [Row(s, w, protocol="h1") for s in (OFFLOAD, REENCRYPT, MTLS)
             for w in (request, *moves, full, resumed)]
    rows += [Row(s, w, "rsa", "h1") for s in (OFFLOAD, MTLS) for w in (full, resumed)]
    rows += [Row(s, w, protocol="h2") for s in (OFFLOAD, REENCRYPT, MTLS)
             for w in (request, *moves, full, resumed)]
    # Neither of the two has client certificates.
    rows += [Row(s, wrk, protocol="h1") for s in (OFFLOAD, REENCRYPT)]
    rows += [Row(s, streams, protocol="h2") for s in (OFFLOAD, REENCRYPT)]
    return rows + [Row(s, multiplexed, protocol="h2")
                   for s in (OFFLOAD, REENCRYPT, OFFLOAD_HTTP2, REENCRYPT_HTTP2)]


def quick_rows(rows):
    """What fits into ten minutes: each scenario, each kind of workload and each protocol once."""
    kept = []
    for row in rows:
        scenario, workload = row.scenario.name, row.workload.name
        if scenario in ("passthrough-bytes", "offload-http") and row.protocol != "h2":
            kept.append(row)
        elif workload.startswith(("keepalive", "streams")) and scenario != "offload-bytes":
            kept.append(row)
        elif scenario == "mtls-http" and workload == "full" and row.protocol == "h1":
            kept.append(row)
    return kept
