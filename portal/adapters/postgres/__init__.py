"""PostgreSQL, for more than one machine: a few connections a process, each replaced before it is used when the server has left it."""

from collections.abc import Callable
from contextlib import suppress
from time import monotonic

import psycopg
from psycopg.errors import ConnectionTimeout, DiskFull, ReadOnlySqlTransaction
from sqlalchemy import Dialect

from portal.adapters.postgres.bell import Listening
from portal.adapters.postgres.connection import DIALECT, Connection, Silent
from portal.core.errors import Unavailable

# A server that is gone may take seconds to say so: whoever asks within this time of a failure is told at once, and nobody queues.
SHUT_SECONDS = 0.5
# One that hangs takes its time from everybody whom the process serves. With the time to connect it is still back within 10 s (F4).
HANGS_SECONDS = 6.0
# A full disk is the server's: we know it by a row that found no place, while others still do.
FULL_SECONDS = 10.0
# The last one: a standby, for somebody promoted the other one and this connection is of before.
GONE = (psycopg.OperationalError, psycopg.InterfaceError, ReadOnlySqlTransaction)


class Using:
    """A connection to read from. A class, as SQLite's are: a generator costs four times as much."""

    __slots__ = ("connection", "db")

    def __init__(self, db: "Postgres", connection: Connection) -> None:
        self.db, self.connection = db, connection

    def __enter__(self) -> Connection:
        return self.connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if isinstance(error, GONE):
                self.db.lost(self.connection, error)
        finally:
            self.db.give_back(self.connection)


class Writing(Using):
    """A transaction."""

    __slots__ = ()

    def __enter__(self) -> Connection:
        self.connection.begin()
        return self.connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            try:
                self.connection.commit()
            except BaseException as failed:
                self.connection.undo()
                super().__exit__(None, failed, None)
                raise
            self.connection.committed()
        else:
            self.connection.undo()
        super().__exit__(kind, error, trace)


class Postgres:
    dialect: Dialect = DIALECT

    def __init__(self, url: str) -> None:
        self.url = url
        self.idle: list[Connection] = []
        self.shut_until = self.full_until = 0.0

    def read(self) -> "Using":
        return Using(self, self._take())

    def write(self) -> "Writing":
        return Writing(self, self._take())

    def lost(self, connection: Connection, error: BaseException) -> None:
        """Whatever it was about to say. Raises Unavailable."""
        connection.close()
        if isinstance(error, DiskFull):
            self.full_until = monotonic() + FULL_SECONDS
        if isinstance(error, Silent):
            self._shut(HANGS_SECONDS)
            self.close()  # none of the others would be answered either
        raise Unavailable(type(error).__name__) from error

    def _take(self) -> Connection:
        try:  # another thread may take the last one
            while (connection := self.idle.pop()).left:
                connection.close()
            return connection
        except IndexError:
            pass
        return self._connected()

    def _connected(self) -> Connection:
        if monotonic() < self.shut_until:
            raise Unavailable("the server did not answer a moment ago")
        try:
            return Connection(self.url)
        except psycopg.OperationalError as error:
            self._shut(HANGS_SECONDS if isinstance(error, ConnectionTimeout) else SHUT_SECONDS)
            raise Unavailable(type(error).__name__) from error

    def _shut(self, seconds: float) -> None:
        self.shut_until = monotonic() + seconds

    def give_back(self, connection: Connection) -> None:
        if connection.usable:
            self.idle.append(connection)
        else:
            connection.close()

    def share_commits(self) -> None:
        """The server groups the commits of all its clients itself."""

    def durable(self) -> None:
        return None

    def listen(self, heard: Callable[[], None]) -> Listening:
        return Listening(self.url, heard)

    def has_room(self) -> bool:
        return monotonic() >= self.full_until

    def close(self) -> None:
        with suppress(IndexError):
            while True:
                self.idle.pop().close()
