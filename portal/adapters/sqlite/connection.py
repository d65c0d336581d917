"""One connection, its statements, and the contexts it is used in.

The contexts are entered some ten times a request, so that they are classes: a generator costs four times as much.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from portal.core.errors import Unavailable
from portal.core.statements import Row, Statement, Values, call_all

DIALECT = SQLiteDialect(paramstyle="named")
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "cache_size=-8000", "mmap_size=134217728")


def said(error: BaseException | None) -> None:
    """In our words what is wrong with the database. Raises Unavailable; what is not the database's is nobody's business here."""
    if isinstance(error, sqlite3.OperationalError):
        raise Unavailable(str(error)) from error


class SayingUnavailable:
    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        said(error)


SAYING_UNAVAILABLE = SayingUnavailable()


class Using:
    """A connection to read from, given back when it is no longer used."""

    __slots__ = ("connection", "give_back")

    def __init__(self, connection: "Connection", give_back: Callable[[], object] | None = None) -> None:
        self.connection, self.give_back = connection, give_back

    def __enter__(self) -> "Connection":
        return self.connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self.give_back:
            self.give_back()
        said(error)


class AllOrNothing:
    """A transaction, or a part of one."""

    __slots__ = ("before", "begin", "commit", "connection", "rollback")

    def __init__(self, connection: "Connection", begin: str, commit: str, *rollback: str) -> None:
        self.connection, self.begin, self.commit, self.rollback = connection, begin, commit, rollback
        self.before = len(connection.afterwards)

    def __enter__(self) -> "Connection":
        with SAYING_UNAVAILABLE:
            self.connection.driver.execute(self.begin)
        return self.connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            try:
                self.connection.driver.execute(self.commit)
            except BaseException as failed:
                self._undo()
                said(failed)
                raise
        else:
            self._undo()
            said(error)

    def _undo(self) -> None:
        del self.connection.afterwards[self.before :]
        with SAYING_UNAVAILABLE:
            if self.connection.driver.in_transaction:
                for undo in self.rollback:
                    self.connection.driver.execute(undo)


class Connection:
    def __init__(self, path: Path) -> None:
        self.driver = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        for pragma in PRAGMAS:
            self.driver.execute(f"PRAGMA {pragma}")
        self.afterwards: list[Callable[[], None]] = []

    def one(self, statement: Statement, **values: Any) -> Row | None:
        s = statement.on(DIALECT)
        found = self.driver.execute(s.text, s.values(values)).fetchall()
        return s.rows(found[:1])[0] if found else None

    def all(self, statement: Statement, **values: Any) -> list[Row]:
        s = statement.on(DIALECT)
        return s.rows(self.driver.execute(s.text, s.values(values)).fetchall())

    def soon(self, statement: Statement, **values: Any) -> Callable[[], list[Row]]:
        rows = self.all(statement, **values)
        return lambda: rows

    def run(self, statement: Statement, **values: Any) -> int:
        s = statement.on(DIALECT)
        return self.driver.execute(s.text, s.values(values)).rowcount

    def later(self, statement: Statement, then: Callable[[], None] | None = None, **values: Any) -> None:
        s = statement.on(DIALECT)
        if self.driver.execute(s.text, s.values(values)).rowcount and then:
            self.afterwards.append(then)

    def many(self, statement: Statement, rows: Sequence[Values]) -> None:
        s = statement.on(DIALECT)
        self.driver.executemany(s.text, [s.values(row) for row in rows])

    def after(self, done: Callable[[], None]) -> None:
        self.afterwards.append(done)

    def ring(self) -> None:
        """Whoever listens sees the commit itself."""

    def committed(self) -> None:
        waiting, self.afterwards = self.afterwards, []
        call_all(waiting)

    def commit(self) -> None:
        try:
            self.driver.execute("COMMIT")
        except BaseException:
            self.afterwards.clear()
            if self.driver.in_transaction:
                self.driver.execute("ROLLBACK")
            raise
