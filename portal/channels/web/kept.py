"""What was rendered lately: kept for whoever is shown the same, packed once, with a place for what is a browser's own."""

import gzip
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from portal.channels.web.page import OWN

# Rendered pages of nobody in particular: 4 languages of some ten pages, and room for what links add to them.
KEPT = 300
MARK = OWN.encode()

T = TypeVar("T")


class Rendered(NamedTuple):
    """A page. Packed when somebody takes it packed: once, and what is a browser's own with what follows it for each."""

    body: bytes
    packed: Callable[[], bytes]
    begun: Callable[[], tuple[bytes, Any]]

    def with_own(self, own: str) -> "Rendered":
        before, mark, after = self.body.partition(MARK)
        if not mark:
            return self
        rest = own.encode() + after

        def packed() -> bytes:
            start, packer = self.begun()
            packer = packer.copy()
            return bytes(start + packer.compress(rest) + packer.flush())

        return self._replace(body=before + rest, packed=packed)


def rendered(body: bytes) -> Rendered:
    def begun() -> tuple[bytes, Any]:
        packer = zlib.compressobj(5, wbits=31)  # gzip's frame
        return packer.compress(body.partition(MARK)[0]), packer

    return Rendered(body, cache(lambda: gzip.compress(body, compresslevel=5, mtime=0)), cache(begun))


class Kept(Generic[T]):
    """What was rendered lately and is the same for everybody, the oldest given up first."""

    def __init__(self) -> None:
        self.found: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        found = self.found.get(key)
        if found is None:
            found = self.found[key] = make()
            if len(self.found) > KEPT:
                self.found.popitem(last=False)
        return found
