"""Free ports, and processes that have a deadline to begin to answer."""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from pathlib import Path

# Below those that the system gives to whoever wants any, and for each worker of the tests its own: between the choice here and the moment
# at which a process listens, nobody else takes it. Two runs on one machine begin in different places.
FIRST, EACH = 20_000, 1_000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 12
_begin = os.getpid() % EACH
_ports = cycle(FIRST + EACH * _worker + (_begin + n) % EACH for n in range(EACH))


def free_port() -> int:
    for port in _ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("there is always a next one")


def wait_until(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path, seconds: float = 60) -> None:
    """Raises AssertionError with the end of the process's log where it ends, or is not ready in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if ready():
            return
        time.sleep(0.02)
    raise AssertionError(f"{process.args!r} did not answer in {seconds} s:\n{log.read_text(errors='replace')[-3000:]}")
