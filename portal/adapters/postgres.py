"""PostgreSQL, for more than one machine: a few connections a process, each reconnecting when it broke."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from portal.core.errors import Unavailable
from portal.core.statements import Row, Statement, Values

DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


class Postgres:
    dialect = DIALECT

    def __init__(self, url: str) -> None:
        self.url = url
        self.idle: list[Connection] = []

    @contextmanager
    def read(self) -> Iterator["Connection"]:
        connection = self._take()
        try:
            yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise Unavailable(type(error).__name__) from error
        finally:
            self._give_back(connection)

    @contextmanager
    def write(self) -> Iterator["Connection"]:
        with self.read() as connection:
            driver = connection.driver
            driver.execute("BEGIN")
            try:
                yield connection
                driver.execute("COMMIT")
            except BaseException:
                connection.afterwards.clear()
                if not driver.closed and not driver.broken:
                    driver.execute("ROLLBACK")
                raise
            connection.committed()

    def _take(self) -> "Connection":
        while self.idle:
            connection = self.idle.pop()
            if not connection.driver.closed:
                return connection
        try:
            return Connection(self.url)
        except psycopg.OperationalError as error:
            raise Unavailable(type(error).__name__) from error

    def _give_back(self, connection: "Connection") -> None:
        if connection.driver.closed or connection.driver.broken:
            connection.driver.close()
        else:
            self.idle.append(connection)

    def share_commits(self) -> None:
        """The server groups the commits of all its clients itself."""

    def durable(self) -> None:
        return None

    def close(self) -> None:
        for connection in self.idle:
            connection.driver.close()
        self.idle.clear()


class Connection:
    def __init__(self, url: str) -> None:
        # A statement that takes 5 s has lost its reader; a server that is gone is noticed within 10 s.
        self.driver = psycopg.connect(
            url, autocommit=True, prepare_threshold=1, connect_timeout=3,
            keepalives_idle=5, keepalives_interval=2, keepalives_count=2,
            options="-c statement_timeout=5000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=15000",
        )  # fmt: skip
        self.driver.prepared_max = 500
        self.afterwards: list[Callable[[], None]] = []

    def one(self, statement: Statement, **values: Any) -> Row | None:
        s = statement.on(DIALECT)
        found = self.driver.execute(s.text, s.values(values)).fetchone()
        return s.rows([found])[0] if found else None

    def all(self, statement: Statement, **values: Any) -> list[Row]:
        s = statement.on(DIALECT)
        return s.rows(self.driver.execute(s.text, s.values(values)).fetchall())

    def run(self, statement: Statement, **values: Any) -> int:
        s = statement.on(DIALECT)
        return self.driver.execute(s.text, s.values(values)).rowcount

    def many(self, statement: Statement, rows: Sequence[Values]) -> None:
        s = statement.on(DIALECT)
        with self.driver.cursor() as cursor:
            cursor.executemany(s.text, [s.values(row) for row in rows])

    def after(self, done: Callable[[], None]) -> None:
        self.afterwards.append(done)

    def committed(self) -> None:
        waiting, self.afterwards = self.afterwards, []
        for done in waiting:
            done()
