"""One connection. Statements go to libpq as they are compiled: psycopg's cursors cost two and a half times what its libpq does. Writes
that nobody waits for travel with the next question, or with the commit (pipeline mode, postgresql.org/docs/15/libpq-pipeline-mode.html),
and so do questions whose answers are read together.

What travels together is one transaction by itself (postgresql.org/docs/18/protocol-flow.html, 54.2.4): BEGIN is said only where an answer
is needed before the end.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from select import POLLIN, poll
from typing import Any

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result
from sqlalchemy import Dialect, text
from sqlalchemy.dialects.postgresql.base import PGDialect

from portal.adapters.postgres.bell import CHANNEL, PATIENCE
from portal.core.statements import Compiled, Row, Statement, Values, call_all

DIALECT: Dialect = PGDialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

BEGIN, COMMIT, ROLLBACK = (Statement(text(word)) for word in ("BEGIN", "COMMIT", "ROLLBACK"))

# It takes a lock until the commit: those that ring commit one after another (docs/outbox.md).
RING = Statement(text(f"NOTIFY {CHANNEL}"))

# The server ends a statement after 5 s. One that has said nothing for longer hangs: its machine, its disk, or a pooler before it.
SILENT_MS = 8_000

# What a pipeline may hold before it is read: more, and both sides could wait for the other to read (libpq 34.5.1.1).
LONGEST_PIPELINE = 100
OK = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
# Object ids of the types that are not text (pg_type.dat).
INTEGERS, NUMERIC, BOOLEAN = (20, 21, 23, 26), 1700, 16


Parameters = list[bytes | None]
Taken = Callable[[pq.abc.PGresult], None]


class Silent(psycopg.OperationalError):
    """It is there, and does not answer."""


class Connection:
    def __init__(self, url: str) -> None:
        # A statement that takes 5 s has lost its reader.
        self.driver = psycopg.connect(
            url, autocommit=True, tcp_user_timeout=8000, **PATIENCE,
            options="-c statement_timeout=5000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=15000",
        )  # fmt: skip
        self.wire = self.driver.pgconn
        self.wire.enter_pipeline_mode()
        self.unasked = poll()
        self.unasked.register(self.wire.socket, POLLIN)
        self.prepared: dict[Compiled, bytes] = {}
        self.readers: dict[Compiled, list[Callable[[bytes], Any]]] = {}
        self.fresh: list[Compiled] = []  # prepared since the last answer
        self.named = 0
        self.writing = self.begun = False  # in a transaction; and BEGIN was said
        self.unsent: list[tuple[Compiled, Parameters, Taken | None]] = []
        self.asked: list[Taken | None] = []  # for each result still to be read, who wants it
        self.afterwards: list[Callable[[], None]] = []

    @property
    def usable(self) -> bool:
        return self.wire.transaction_status == pq.TransactionStatus.IDLE and not self.asked and not self.unsent

    @property
    def left(self) -> bool:
        """To a client that asked nothing, a server speaks when it goes. Half a microsecond."""
        return bool(self.unasked.poll(0))

    def one(self, statement: Statement, **values: Any) -> Row | None:
        rows = self.all(statement, **values)
        return rows[0] if rows else None

    def all(self, statement: Statement, **values: Any) -> list[Row]:
        s = statement.on(DIALECT)
        self._send(s, values)
        return s.rows(self._tuples(s, self._answer()))

    def soon(self, statement: Statement, **values: Any) -> Callable[[], list[Row]]:
        s = statement.on(DIALECT)
        come: list[pq.abc.PGresult] = []

        def rows() -> list[Row]:
            if not come:
                self._answer()
            return s.rows(self._tuples(s, come[0]))

        self._send(s, values, come.append)
        return rows

    def run(self, statement: Statement, **values: Any) -> int:
        self._send(statement.on(DIALECT), values)
        return self._answer().command_tuples or 0

    def later(self, statement: Statement, then: Callable[[], None] | None = None, **values: Any) -> None:
        def counted(result: "pq.abc.PGresult") -> None:
            if result.command_tuples and then:
                self.afterwards.append(then)

        self._send(statement.on(DIALECT), values, counted if then else None)

    def many(self, statement: Statement, rows: Sequence[Values]) -> None:
        s = statement.on(DIALECT)
        for n, row in enumerate(rows, 1):
            self._send(s, row)
            if n % LONGEST_PIPELINE == 0:
                self._answer()

    def after(self, done: Callable[[], None]) -> None:
        self.afterwards.append(done)

    def ring(self) -> None:
        self.later(RING)

    def begin(self) -> None:
        self.writing, self.begun = True, False

    def commit(self) -> None:
        if self.begun:
            self.later(COMMIT)
        self.writing = False
        if self.unsent:
            self._answer()

    def committed(self) -> None:
        waiting, self.afterwards = self.afterwards, []
        call_all(waiting)

    def undo(self) -> None:
        self.writing = False
        self.unsent.clear()
        with suppress(psycopg.Error):  # why it is undone is said already; a connection that cannot is not used again
            if self.wire.transaction_status != pq.TransactionStatus.IDLE:
                self.run(ROLLBACK)
        self.afterwards.clear()

    def close(self) -> None:
        self.driver.close()

    def _send(self, s: Compiled, values: Values, taken: "Taken | None" = None) -> None:
        given = s.values(values)
        self.unsent.append((s, [None if (value := given[key]) is None else _text(value) for key in s.order], taken))

    def _answer(self) -> "pq.abc.PGresult":
        """Everything that was asked, now; the last statement's result. Raises what the first one to fail says."""
        if self.writing and not self.begun:
            self.begun = True
            self._put(BEGIN.on(DIALECT), [], None)
        unsent, self.unsent = self.unsent, []
        for s, parameters, taken in unsent:
            self._put(s, parameters, taken)
        self.wire.pipeline_sync()
        asked, self.asked = self.asked, []
        result: pq.abc.PGresult | None = None
        failed: pq.abc.PGresult | None = None
        for taken in asked:
            result = self._read()
            if result.status not in OK:
                failed = failed or result
            elif taken:
                taken(result)
        end = self._read(last=True)
        if end.status != pq.ExecStatus.PIPELINE_SYNC:  # what travelled together could not be committed
            self.close()  # or what comes next would be taken for another's answer
            raise error_from_result(end) if end.status == pq.ExecStatus.FATAL_ERROR else psycopg.OperationalError("out of step")
        fresh, self.fresh = self.fresh, []
        if failed is not None:
            for s in fresh:  # after a failure nothing is prepared; what was, is again under another name
                del self.prepared[s]
            raise error_from_result(failed)
        assert result
        return result

    def _put(self, s: Compiled, parameters: "Parameters", taken: "Taken | None") -> None:
        name = self.prepared.get(s)
        if name is None:
            self.named += 1
            name = self.prepared[s] = b"s%d" % self.named
            self.fresh.append(s)
            self.wire.send_prepare(name, s.text.encode())
            self.asked.append(None)
        self.wire.send_query_prepared(name, parameters)
        self.asked.append(taken)

    def _read(self, last: bool = False) -> "pq.abc.PGresult":
        wire = self.wire
        # libpq would wait with the interpreter's lock held, and a thread of ours may hold the row that we wait for. What is not all
        # sent yet, it sends itself.
        while wire.is_busy() and not wire.flush():
            if not self.unasked.poll(SILENT_MS):
                self.close()  # or whoever undoes would wait as long
                raise Silent("the server says nothing")
            wire.consume_input()
        result = wire.get_result()
        if result is None or wire.status != pq.ConnStatus.OK:
            self.asked.clear()
            raise psycopg.OperationalError("the server is gone")
        if not last:
            wire.get_result()  # the end of this statement's results
        return result

    def _tuples(self, s: Compiled, result: "pq.abc.PGresult") -> list[list[Any]]:
        readers = self.readers.get(s)
        if readers is None:  # a prepared statement's columns keep their types
            readers = self.readers[s] = [_reader(result.ftype(column)) for column in range(result.nfields)]
        columns, value = tuple(enumerate(readers)), result.get_value
        return [[None if (said := value(row, n)) is None else read(said) for n, read in columns] for row in range(result.ntuples)]


def _text(value: Any) -> bytes:
    """libpq's text format, which ends at a NUL."""
    if type(value) is int:
        return b"%d" % value
    said = str(value).encode()
    if b"\0" in said:
        raise psycopg.DataError("PostgreSQL text has no NUL")
    return said


def _reader(oid: int) -> Callable[[bytes], Any]:
    if oid in INTEGERS:
        return int
    if oid == NUMERIC:
        return lambda value: Decimal(value.decode())
    return b"t".__eq__ if oid == BOOLEAN else bytes.decode
