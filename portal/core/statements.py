"""Statements written once in SQLModel's language, compiled once, and run with their parameters on the driver.

SQLAlchemy's own execution costs more than all the rest of a request (docs/hot-path.md); its language does not.
"""

from collections import namedtuple
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import structlog
from sqlalchemy import BigInteger, ColumnElement, Dialect, Executable, String, bindparam, literal_column
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite too
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import BindParameter
from sqlalchemy.sql.functions import FunctionElement

log = structlog.get_logger()

Row = Any  # a named tuple of the columns selected or returned
Values = Mapping[str, Any]


class now(FunctionElement[int]):
    """Unix milliseconds by the database's clock, which every process shares; a sandbox may have moved it on."""

    type = BigInteger()
    inherit_cache = True


@compiles(now, "sqlite")
def _now_sqlite(element: now, compiler: SQLCompiler, **kw: Any) -> str:
    return "(CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) + (SELECT offset_ms FROM clock))"


@compiles(now, "postgresql")
def _now_postgresql(element: now, compiler: SQLCompiler, **kw: Any) -> str:
    return "(CAST(date_part('epoch', clock_timestamp()) * 1000 AS BIGINT) + (SELECT offset_ms FROM clock))"


def p(name: str) -> BindParameter[Any]:
    """A parameter of a statement."""
    return bindparam(name)


def constant(word: str) -> ColumnElement[str]:
    """A word of ours that stands in the statement itself. Where an index is of the rows that have it, SQLite takes that index only
    for the very word; given it as a parameter, it plans the statement anew each time."""
    return literal_column(f"'{word}'", String())


class Statement:
    """One SQL statement. `run`, `one` and `all` of a transaction take it with its parameters by name."""

    def __init__(self, clause: Executable) -> None:
        self.clause = clause
        self.compiled: dict[str, Compiled] = {}

    def on(self, dialect: Dialect) -> "Compiled":
        ready = self.compiled.get(dialect.name)
        if ready is None:
            ready = self.compiled[dialect.name] = Compiled(self.clause, dialect)
        return ready


class Compiled:
    """Its text for one database, the constants in it, and the shape of its rows."""

    def __init__(self, clause: Executable, dialect: Dialect) -> None:
        element: Any = clause
        compiled = element.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self.text = str(compiled)
        self.constants = {k: v for k, v in compiled.params.items() if v is not None}
        self.order: tuple[str, ...] = tuple(compiled.positiontup or ())  # where parameters are numbered
        columns = [entry.keyname for entry in compiled._result_columns]
        self.row: Callable[[Sequence[Any]], Row] | None = _row(columns) if columns else None

    def values(self, given: Values) -> Values:
        return {**self.constants, **given} if self.constants else given

    def rows(self, tuples: Sequence[Sequence[Any]]) -> list[Row]:
        assert self.row, "the statement returns no rows"
        return [self.row(t) for t in tuples]


def _row(columns: Sequence[str]) -> Callable[[Sequence[Any]], Row]:
    kind: Any = namedtuple  # its columns are known at run time
    make: Callable[[Sequence[Any]], Row] = kind("Row", columns, rename=True)._make
    return make


class Reader(Protocol):
    """Reads, each by itself."""

    def one(self, statement: Statement, **values: Any) -> Row | None: ...
    def all(self, statement: Statement, **values: Any) -> list[Row]: ...

    def soon(self, statement: Statement, **values: Any) -> Callable[[], list[Row]]:
        """Like `all`, where the answer is read later, but before the reading or the transaction ends: what is asked until then travels
        together."""
        ...


class Writer(Reader, Protocol):
    """One transaction: all of it, or nothing."""

    def run(self, statement: Statement, **values: Any) -> int:
        """Rows changed."""
        ...

    def later(self, statement: Statement, then: Callable[[], None] | None = None, **values: Any) -> None:
        """Like `run`, where nobody asks how many rows: it may travel with the next statement.

        `then` is called after the commit, if it changed a row.
        """
        ...

    def many(self, statement: Statement, rows: Sequence[Values]) -> None: ...

    def after(self, done: Callable[[], None]) -> None:
        """To be called when it is committed; never when it is not."""
        ...

    def ring(self) -> None:
        """When it is committed, whoever `listen`s in another process hears of it."""
        ...


class Listening(Protocol):
    def close(self) -> None: ...


class Database(Protocol):
    """SQLite or PostgreSQL. Blocking; short; never held while anybody outside is asked."""

    @property
    def dialect(self) -> Dialect: ...

    def read(self) -> AbstractContextManager[Reader]: ...
    def write(self) -> AbstractContextManager[Writer]: ...

    def share_commits(self) -> None:
        """Called on an event loop, by whoever will wait for `durable` before anything that was written there is acknowledged."""
        ...

    def durable(self) -> Awaitable[None] | None:
        """What to wait for before acknowledging; None: it is durable already. Raises Unavailable: nothing of it was kept."""
        ...

    def listen(self, heard: Callable[[], None]) -> Listening:
        """Calls `heard`, in a thread of its own, soon after another process rang; perhaps without cause, never too seldom."""
        ...

    def has_room(self) -> bool:
        """Whether what a request writes would find a place, as far as can be told without writing it."""
        ...

    def close(self) -> None: ...


def call_all(afterwards: Sequence[Callable[[], None]]) -> None:
    """What was to be called after a commit, which stands: one that fails is logged, and takes none of the others with it."""
    for done in afterwards:
        try:
            done()
        except Exception:
            log.exception("after_commit_failed")


__all__ = ["Database", "Listening", "Reader", "Row", "Statement", "Values", "Writer", "call_all", "constant", "insert", "now", "p"]
