"""Waiting for a condition with a deadline: what a test does instead of sleeping."""

import concurrent.futures
import time

_INTERVAL_SECONDS = 0.01


class TooLate(AssertionError):
    """A condition did not come true before its deadline."""


def eventually(what, condition, within=10.0):
    """Calls `condition` until it returns something true, and returns that.

    A condition that raises counts as not yet true; what it raised last is shown when time is up.
    """
    deadline = time.monotonic() + within
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (AssertionError, OSError, LookupError, ValueError) as error:
            last = error
        if time.monotonic() >= deadline:
            raise TooLate(f"not within {within:g} s: {what} (last: {last!r})")
        time.sleep(_INTERVAL_SECONDS)


def at_once(step, *arguments):
    """Calls `step` for each tuple of arguments, all at the same time: for what is mostly waiting.
    The first failure is raised when all are over."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        for future in [pool.submit(step, *each) for each in zip(*arguments)]:
            future.result()
