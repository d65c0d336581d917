"""A time-out of the whole, where the one of a socket begins anew with each byte."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, socket
from threading import Event, Timer


@contextmanager
def within(seconds: float, cut: Callable[[], None]) -> Iterator[None]:
    """What was cut may look like an end: it is not."""
    late = Event()

    def end() -> None:
        late.set()
        cut()

    watch = Timer(max(seconds, 0.0), end)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
    if late.is_set():
        raise TimeoutError


def shut(wire: socket) -> None:
    with suppress(OSError):  # it is over already
        socket.shutdown(wire, SHUT_RDWR)
