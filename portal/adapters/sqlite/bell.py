"""Another process's commit, noticed without reading a table: SQLite counts them (sqlite.org/pragma.html#pragma_data_version)."""

import sqlite3
from collections.abc import Callable
from threading import Event, Thread

import structlog

log = structlog.get_logger()

# Ten times a second costs a thousandth of a core (docs/outbox.md).
LOOK_SECONDS = 0.1


class Listening:
    """`version` changes when another process has committed."""

    def __init__(self, version: Callable[[], int], heard: Callable[[], None]) -> None:
        self.version, self.heard = version, heard
        self.closing = Event()
        self.thread = Thread(target=self._run, name="listening", daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.closing.set()
        self.thread.join(5)

    def _run(self) -> None:
        before = None
        try:
            while not self.closing.wait(LOOK_SECONDS):
                version = self.version()
                if version != before:
                    self.heard()
                before = version
        except sqlite3.Error as error:
            log.warning("commits of other processes are found by polling alone", reason=str(error))
