"""`portal serve --workers N`: processes on one port, each replaced when it ends."""

import os
import signal
import sys
from multiprocessing import parent_process
from socket import socket
from threading import Thread
from typing import Any

import structlog
from prometheus_client.multiprocess import mark_process_dead
from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

log = structlog.get_logger()


def serve(config: Config, listening: socket) -> None:
    """Until SIGTERM or SIGINT; SIGHUP replaces one after the other, each once its successor serves."""
    from portal.cli.serving import logging_to_stderr

    logging_to_stderr()
    processes = Processes(config, [listening])
    processes.run()
    if any(process.exitcode == STARTUP_FAILURE for process in processes.processes):
        sys.exit(STARTUP_FAILURE)


class Processes(Multiprocess):
    """uvicorn's, which says what became of them."""

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self.known: set[int] = set()

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        running = {process.pid for process in self.processes if process.pid}
        for pid in self.known - running:
            log.warning("a serving process ended, another has its place", pid=pid)
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
        self.known = running

    def terminate_all(self) -> None:
        """While we hold the port, the system goes on taking connections for it that nobody will answer."""
        for listening in self.sockets:
            listening.close()
        super().terminate_all()


def end_with_parent() -> None:
    """A process whose parent was killed would go on, and hold the port."""
    if parent := parent_process():
        Thread(target=_outlived, args=(parent,), name="parent", daemon=True).start()


def _outlived(parent: Any) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
