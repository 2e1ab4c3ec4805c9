"""What goes wrong on request."""

import threading

from . import errors

ANSWERS = {
    "401": errors.unauthorized,
    "429 text": errors.too_many_requests_text,
    "429 json": errors.too_many_requests_json,
    "500": errors.internal,
    "504": errors.gateway_timeout,
    "404 text": errors.no_such_group,
}
# Besides: "reset" (RST instead of an answer), "silence" (no answer while the fault lasts),
# "half an answer" (the connection ends in the body), "410" (a list expires, a watch is too old).
OTHERS = {"reset", "silence", "half an answer", "410"}


class Faults:
    """Any thread. A fault meets the next `times` requests (None: all, until cleared) for a
    resource (None: any) by a verb (None: any)."""

    def __init__(self):
        self._lock = threading.Lock()
        self._waiting = []
        self.met = {}      # what: how often
        self.cleared = threading.Event()

    def inject(self, what, times=1, resource=None, verb=None):
        assert what in ANSWERS or what in OTHERS, what
        with self._lock:
            self.cleared = threading.Event()
            self._waiting.append([what, times, resource, verb])

    def clear(self):
        with self._lock:
            self._waiting.clear()
            self.cleared.set()

    def take(self, plural, verb):
        """What this request meets, or None; and the event that ends a silence."""
        with self._lock:
            for fault in self._waiting:
                what, times, resource, only = fault
                if resource not in (None, plural) or only not in (None, verb):
                    continue
                if times is not None:
                    fault[1] -= 1
                    if fault[1] == 0:
                        self._waiting.remove(fault)
                self.met[what] = self.met.get(what, 0) + 1
                return what, self.cleared
        return None, None
