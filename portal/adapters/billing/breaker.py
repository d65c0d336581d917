"""A circuit breaker (M. Nygard, Release It!): who does not answer is left alone for a while, and then asked once."""

from collections import deque
from collections.abc import Callable
from threading import Lock
from time import monotonic

import structlog

log = structlog.get_logger()

# So many more than answers: one document that always fails must not close it to everybody. A customer who opens a page asks twice where
# the first did not answer: the third of them finds it open.
FAILURES = 5
WITHIN_SECONDS = 30.0
REST_SECONDS = 10.0
LONGEST_REST_SECONDS = 60.0


class Breaker:
    """Of one process. Between `may_ask` and its end, exactly one of `answered` and `failed` is called; neither
    where nobody was asked after all: the next probe is when another rest is over."""

    def __init__(self, clock: Callable[[], float] = monotonic, rest: float = REST_SECONDS) -> None:
        self.clock, self.rest = clock, rest
        self.lock = Lock()
        self.failures: deque[float] = deque(maxlen=FAILURES)
        self.open_until = 0.0
        self.is_open = False

    def may_ask(self) -> bool:
        """While it is open, nobody; when the rest is over, one, and until that one is back nobody else."""
        with self.lock:
            if self.is_open:
                if self.clock() < self.open_until:
                    return False
                self.open_until = self.clock() + self.rest
            return True

    @property
    def rests_for(self) -> float:
        return max(0.0, self.open_until - self.clock()) if self.is_open else 0.0

    def answered(self) -> None:
        with self.lock:
            if self.is_open:
                log.warning("billing_circuit_closed")
                self.is_open = False
                self.failures.clear()
            elif self.failures:
                self.failures.popleft()

    def failed(self, retry_after: float | None = None) -> None:
        """`retry_after`: it said itself how long it wants to be left alone."""
        with self.lock:
            at = self.clock()
            self.failures.append(at)
            many = len(self.failures) == FAILURES and at - self.failures[0] <= WITHIN_SECONDS
            if self.is_open or many or retry_after:
                if not self.is_open:
                    log.warning("billing_circuit_open", failures=len(self.failures))
                self.is_open = True
                self.open_until = at + max(self.rest, min(retry_after or 0.0, LONGEST_REST_SECONDS))
