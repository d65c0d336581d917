"""What was rendered lately: kept for whoever is shown the same, packed once, with a place for what is a browser's own."""

import gzip
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, Generic, TypeVar

from portal.channels.web.page import OWN

# Rendered pages of nobody in particular: 4 languages of some ten pages, and room for what links add to them.
KEPT = 300
MARK = OWN.encode()

T = TypeVar("T")


class Rendered:
    """A page. Packed when somebody takes it packed, and once."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    @cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.body, compresslevel=5, mtime=0)

    def with_own(self, own: str) -> "Rendered | Filled":
        return Filled(self, own) if self.halves[1] else self

    @cached_property
    def halves(self) -> tuple[bytes, bytes, bytes]:
        """Around the place of what is a browser's own."""
        return self.body.partition(MARK)

    @cached_property
    def begun(self) -> tuple[bytes, Any]:
        """The first half, packed, and a packer to go on from there."""
        packer = zlib.compressobj(5, wbits=31)  # gzip's frame
        return packer.compress(self.halves[0]), packer


class Filled:
    """A page with what is one browser's own."""

    def __init__(self, page: Rendered, own: str) -> None:
        self.page, self.rest = page, own.encode() + page.halves[2]

    @property
    def body(self) -> bytes:
        return self.page.halves[0] + self.rest

    @property
    def packed(self) -> bytes:
        start, packer = self.page.begun
        packer = packer.copy()
        return bytes(start + packer.compress(self.rest) + packer.flush())


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
