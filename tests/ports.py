"""Free ports, and processes that have a deadline to begin to answer."""

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
