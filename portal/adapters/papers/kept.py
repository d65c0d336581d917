"""What was printed lately, by what it was printed from, up to a number of bytes."""

from collections import OrderedDict
from threading import Lock


class Kept:
    """The least recently used goes first. Safe between threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._papers: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes) -> bytes | None:
        with self._lock:
            if paper := self._papers.get(key):
                self._papers.move_to_end(key)
            return paper

    def put(self, key: bytes, paper: bytes) -> None:
        with self._lock:
            self.size += len(paper) - len(self._papers.pop(key, b""))
            self._papers[key] = paper
            while self.size > self.limit:
                self.size -= len(self._papers.popitem(last=False)[1])
