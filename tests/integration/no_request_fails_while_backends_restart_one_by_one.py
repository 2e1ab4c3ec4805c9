"""Three backends restart one after the other, again and again, killed and stopped in turn. The
load of 16 kept and 16 new connections for each host goes on meanwhile, and not one GET fails. A
POST may fail, but none is ever sent twice: each has an id, and no backend has seen an id again."""

import sys

sys.path.append(sys.path[0] + "/..")
import collections
import json
import multiprocessing
import time

from support.channel import Cut, connect_tls
from support.http import Broken, Client, Ended
from support.localhost import WAYS, LocalFront, bench_program
from support.restarted import RestartedBackend
from support.scenario import main

ALONE = True
TIMEOUT = 120
SECONDS = 15


def test(t):
    load = bench_program(t, "load")
    secret = t.authority.issue("backend.test", dns=("backend.test", "passthrough.test"))
    notes = t.folder / "posts"
    notes.touch()
    backends = [t.keep(RestartedBackend(secret, notes)) for _ in range(3)]
    front = LocalFront(t, [b.plain for b in backends], [b.tls for b in backends], workers=2)

    posters = [t.keep(Poster(front, t.authority, way, number))
               for way in WAYS for number in range(4)]
    loads = {(way, fresh): t.process(
        [load, f"127.0.0.1:{front.ports[way]}", "--tls", "--host", "localhost", "--ca",
         t.authority.file, "--path", "/", "-c", 16, "-d", f"{SECONDS}s", "--json",
         *(["--new-connections", "--resume"] if fresh else [])],
        name=f"load-{way}-{'new' if fresh else 'kept'}")
        for way in WAYS for fresh in (False, True)}
    restarts = restart_in_turn(backends, loads.values())

    for (way, fresh), process in loads.items():
        process.wait(30)
        told = json.loads(process.output)
        print(way, "new connections:" if fresh else "kept connections:", told["exchanges"],
              "GETs,", told["errors"], "failed, the slowest took",
              f"{told['latency_us']['max'] / 1000:.0f} ms")
        assert told["errors"] == 0, (way, fresh, told["errors_by_kind"], told["first_errors"])
        assert told["exchanges"] > 500, told
    check_posts(notes, [p.result() for p in posters])
    metrics = front.proxy.metrics()
    retried = metrics.sum("sallyport_http_requests_retried_total")
    print(f"{restarts} restarts, {retried:g} requests were sent once more")
    assert restarts >= 6, restarts


def restart_in_turn(backends, loads):
    """Until the load is over; how often."""
    count = 0
    while all(load.alive for load in loads):
        backend = backends[count % len(backends)]
        if count % 2:
            backend.kill()
        else:
            backend.stop()
        time.sleep(0.2)  # for requests to meet its absence
        backend.start()
        time.sleep(0.5)  # and its presence
        count += 1
    return count


def check_posts(notes, results):
    seen = collections.Counter(notes.read_text().split())
    twice = {what: n for what, n in seen.items() if n > 1}
    assert not twice, f"sent twice: {twice}"
    answered = [what for ids, _ in results for what in ids]
    failed = collections.Counter(why for _, failures in results for why in failures)
    print(f"{len(answered)} POSTs answered, failed: {dict(failed)}")
    assert len(answered) > 200, len(answered)
    assert not set(answered) - set(seen), "answered, but no backend has seen it"


class Poster:
    """POSTs with ids of their own one after the other, in a process of its own."""

    def __init__(self, front, authority, way, number):
        context = multiprocessing.get_context("fork")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(
            target=post, args=(theirs, front.ports[way], authority, f"{way}-{number}"),
            daemon=True)
        self._process.start()

    def result(self):
        """Stops; the ids that were answered with 200, and what became of the others."""
        self._ours.send("enough")
        return self._ours.recv()

    def close(self):
        self._process.kill()
        self._process.join()


def post(pipe, port, authority, name):
    client, answered, failed, number = None, [], [], 0
    while not pipe.poll(0.01):
        what, number = f"{name}-{number}", number + 1
        try:
            client = client or Client(connect_tls(port, "localhost", authority), "localhost")
            response = client.get(f"/{what}", method="POST", body=b"x" * 100)
            if response.status == 200:
                answered.append(what)
            else:
                failed.append(str(response.status))
                if "close" in response.fields.members("Connection"):
                    client = None
        except (Cut, Broken, Ended, OSError) as error:
            failed.append(type(error).__name__)
            client = None
    pipe.send((answered, failed))


if __name__ == "__main__":
    main(test)
