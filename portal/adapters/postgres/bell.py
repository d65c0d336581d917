"""LISTEN and NOTIFY: whoever waits for work hears of it when it is committed (postgresql.org/docs/18/sql-notify.html)."""

import os
from collections.abc import Callable
from select import POLLIN, poll
from socket import socketpair
from threading import Event, Thread
from typing import Any

import psycopg
import structlog

log = structlog.get_logger()

CHANNEL = "portal_outbox"
AGAIN_SECONDS = 1.0
# A server that is gone is noticed within 10 s; libpq's own variable grants a slow machine longer to let somebody in.
PATIENCE: dict[str, Any] = {
    "connect_timeout": os.environ.get("PGCONNECT_TIMEOUT", "3"), "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2,
}  # fmt: skip


class Listening:
    """A thread that sleeps on its connection's socket, and connects anew when the server was restarted."""

    def __init__(self, url: str, heard: Callable[[], None]) -> None:
        self.url, self.heard = url, heard
        self.closing = Event()
        self.wakes, self.woken = socketpair()
        self.thread = Thread(target=self._run, name="listening", daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.closing.set()
        self.wakes.send(b"!")
        self.thread.join(5)
        self.wakes.close()
        self.woken.close()

    def _run(self) -> None:
        while not self.closing.is_set():
            try:
                with psycopg.connect(self.url, autocommit=True, **PATIENCE) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self.heard()  # what was said while nobody listened
                    self._listen(connection.pgconn)
            except (psycopg.Error, OSError) as error:
                log.warning("nobody is heard until the database answers", reason=type(error).__name__)
                self.closing.wait(AGAIN_SECONDS)

    def _listen(self, wire: "psycopg.pq.abc.PGconn") -> None:
        asleep = poll()
        for socket in (wire.socket, self.woken.fileno()):
            asleep.register(socket, POLLIN)
        while not self.closing.is_set():
            asleep.poll()
            wire.consume_input()
            rung = False
            while wire.notifies():
                rung = True
            if rung:
                self.heard()
