"""The embedded database: SQLite in WAL mode, one writer and a few readers a process.

Writers begin IMMEDIATE: a deferred one that meets another fails with "locked" whatever the time-out. synchronous=FULL
makes an acknowledged commit survive a power cut (sqlite.org/pragma.html#pragma_synchronous); it costs more than all the
statements of a request, so that requests which the event loop finds waiting together share one (docs/hot-path.md).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import disk_usage
from threading import RLock, get_ident

from sqlalchemy import Dialect

from portal.adapters.sqlite.bell import Listening
from portal.adapters.sqlite.connection import DIALECT, SAYING_UNAVAILABLE, AllOrNothing, Connection, Using
from portal.core.errors import Unavailable

# The longest that a group stays open for others to join, and the database closed to other processes.
GROUP_SECONDS = 0.005
# A single row may still fit into the log where a request no longer does.
ROOM = 1 << 20


class SQLite:
    dialect: Dialect = DIALECT

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.writing = RLock()  # of its own thread: a write inside a read must not wait for itself
        self.writer = Connection(path)
        self.readers: list[Connection] = []
        self.group: Group | None = None
        self.grouping = 0  # the thread whose writes may share a commit: the event loop's

    def read(self) -> AbstractContextManager[Connection]:
        if get_ident() == self.grouping:
            if self.group:
                return Using(self.writer)  # it sees what this turn of the loop has written
            if self.writing.acquire(blocking=False):
                # What another connection has cached is void after each commit; what the writer has is not
                return Using(self.writer, self.writing.release)
        reader = self._reader()
        return Using(reader, partial(self.readers.append, reader))

    def _reader(self) -> Connection:
        with SAYING_UNAVAILABLE:
            try:
                return self.readers.pop()
            except IndexError:
                return Connection(self.path)

    def write(self) -> AbstractContextManager[Connection]:
        return self._in_group() if get_ident() == self.grouping else self._alone()

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        with self.writing:
            with AllOrNothing(self.writer, "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"):
                yield self.writer
            self.writer.committed()

    def _in_group(self) -> AllOrNothing:
        """A part of the turn's transaction that fails alone."""
        if self.group is None:
            with SAYING_UNAVAILABLE:
                self.group = self._begun()
        elif not self.writer.driver.in_transaction:
            # A full disk makes SQLite give up the whole transaction: the turn is lost, and nobody may go on as if it were not
            raise Unavailable("this turn's writes were given up")
        self.group.parts += 1
        return AllOrNothing(self.writer, "SAVEPOINT part", "RELEASE part", "ROLLBACK TO part", "RELEASE part")

    def _begun(self) -> "Group":
        self.writing.acquire()
        try:
            self.writer.driver.execute("BEGIN IMMEDIATE")
        except BaseException:
            self.writing.release()
            raise
        loop = asyncio.get_running_loop()
        group = Group(Commit(loop=loop), until=loop.time() + GROUP_SECONDS)
        loop.call_soon(self._end_of_turn, loop, group, 0)
        return group

    def _end_of_turn(self, loop: asyncio.AbstractEventLoop, group: "Group", before: int) -> None:
        """Whoever came while others were served joins them; what nobody joined any more is committed."""
        if before < group.parts and loop.time() < group.until:
            loop.call_soon(self._end_of_turn, loop, group, group.parts)
        else:
            self._commit(group)

    def _commit(self, group: "Group") -> None:
        """All of the group, or none of it."""
        self.group = None
        try:
            with SAYING_UNAVAILABLE:
                self.writer.commit()
        except Exception as error:
            group.done.set_exception(error)
            group.done.exception()  # seen: where nobody waits for it, nobody was promised anything
        else:
            group.done.set_result(None)  # it is kept, whatever becomes of what comes after it
            self.writer.committed()
        finally:
            self.writing.release()

    def share_commits(self) -> None:
        """Called on the event loop: what it writes from now on is durable when `durable` says so."""
        self.grouping = get_ident()

    def durable(self) -> Awaitable[None] | None:
        return self.group.done if self.group else None

    def listen(self, heard: Callable[[], None]) -> Listening:
        return Listening(self._others, heard)

    def _others(self) -> int:
        """Asked of the one connection that writes: it does not count its own commits."""
        with self.writing:
            return int(self.writer.driver.execute("PRAGMA data_version").fetchone()[0])

    def has_room(self) -> bool:
        return disk_usage(self.path.parent).free >= ROOM

    def close(self) -> None:
        with self.writing:  # closed under a thread that writes, the process would crash
            self.writer.driver.close()
        while self.readers:
            self.readers.pop().driver.close()


class Commit(asyncio.Future[None]):
    """One for many who wait for it: whoever is cancelled meanwhile does not take it from the others. A shield for each would be one more
    future a request."""

    def cancel(self, msg: object = None) -> bool:
        return False


@dataclass(slots=True)
class Group:
    """The writes of requests that came close together."""

    done: Commit
    until: float  # by the loop's clock: nobody joins later, for other processes wait
    parts: int = 0
