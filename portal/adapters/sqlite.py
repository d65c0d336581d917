"""The embedded database: SQLite in WAL mode, one writer and a few readers a process.

Writers begin IMMEDIATE: a deferred one that meets another fails with "locked" whatever the time-out. synchronous=FULL
makes an acknowledged commit survive a power cut (sqlite.org/pragma.html#pragma_synchronous).
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from portal.core.errors import Unavailable
from portal.core.statements import Row, Statement, Values

DIALECT = SQLiteDialect(paramstyle="named")


class SQLite:
    dialect = DIALECT

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.writing = Lock()
        self.writer = Connection(path)
        self.readers: list[Connection] = []

    @contextmanager
    def read(self) -> Iterator["Connection"]:
        try:
            reader = self.readers.pop()
        except IndexError:
            reader = Connection(self.path)
        try:
            yield reader
        except sqlite3.OperationalError as error:
            raise Unavailable(str(error)) from error
        finally:
            self.readers.append(reader)

    @contextmanager
    def write(self) -> Iterator["Connection"]:
        with self.writing:
            driver = self.writer.driver
            try:
                driver.execute("BEGIN IMMEDIATE")
                yield self.writer
                driver.execute("COMMIT")
            except BaseException as error:
                self.writer.afterwards.clear()
                if driver.in_transaction:
                    driver.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise Unavailable(str(error)) from error
                raise
            self.writer.committed()

    def close(self) -> None:
        for connection in (self.writer, *self.readers):
            connection.driver.close()
        self.readers.clear()


class Connection:
    def __init__(self, path: Path) -> None:
        self.driver = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "cache_size=-8000"):
            self.driver.execute(f"PRAGMA {pragma}")
        self.afterwards: list[Callable[[], None]] = []

    def one(self, statement: Statement, **values: Any) -> Row | None:
        s = statement.on(DIALECT)
        found = self.driver.execute(s.text, s.values(values)).fetchall()
        return s.rows(found[:1])[0] if found else None

    def all(self, statement: Statement, **values: Any) -> list[Row]:
        s = statement.on(DIALECT)
        return s.rows(self.driver.execute(s.text, s.values(values)).fetchall())

    def run(self, statement: Statement, **values: Any) -> int:
        s = statement.on(DIALECT)
        return self.driver.execute(s.text, s.values(values)).rowcount

    def many(self, statement: Statement, rows: Sequence[Values]) -> None:
        s = statement.on(DIALECT)
        self.driver.executemany(s.text, [s.values(row) for row in rows])

    def after(self, done: Callable[[], None]) -> None:
        self.afterwards.append(done)

    def committed(self) -> None:
        waiting, self.afterwards = self.afterwards, []
        for done in waiting:
            done()
