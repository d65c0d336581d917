"""The jobs of one kind of traffic that wait for their turn, and the threads that carry them: no other kind waits behind them.

A thread sleeps until there is a job; there are as many as were ever needed at once, up to CARRIERS.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from queue import Empty, PriorityQueue
from threading import Semaphore, Thread

from portal.core.outbox import Job

# 50 a second to a vendor that takes 200 ms keep 10 busy; to one that takes 600 ms, 30.
CARRIERS = 32
LAST = 1_000_000


class Lane:
    def __init__(self, name: str, carry: Callable[[Job], None]) -> None:
        self.name, self.carry = name, carry
        self.waiting: PriorityQueue[tuple[int, int, Job | None]] = PriorityQueue()
        self.turns = count()  # of two equally urgent, the first comes first
        self.threads: list[Thread] = []
        self.idle = Semaphore(0)
        self.unfinished: set[str] = set()

    @property
    def room(self) -> int:
        """What may be claimed from the table: what is begun soon, for its lease is ticking; and not by ones and twos."""
        free = 2 * CARRIERS - len(self.unfinished)
        return free if free >= 8 else 0

    def put(self, job: Job) -> None:
        """For one thread to call."""
        self.unfinished.add(job.key)
        self.waiting.put((job.priority, next(self.turns), job))
        if not self.idle.acquire(blocking=False) and len(self.threads) < CARRIERS:
            self.threads.append(Thread(target=self._work, name=self.name, daemon=True))
            self.threads[-1].start()

    def end(self) -> list[Job]:
        """Begins no other job; those that were not begun."""
        unbegun = list(self._unbegun())
        for _thread in self.threads:
            self.waiting.put((LAST, next(self.turns), None))
        return unbegun

    def _unbegun(self) -> Iterator[Job]:
        with suppress(Empty):
            while job := self.waiting.get_nowait()[2]:
                yield job

    def _work(self) -> None:
        while job := self.waiting.get()[2]:
            self.carry(job)
            self.unfinished.discard(job.key)
            self.idle.release()
