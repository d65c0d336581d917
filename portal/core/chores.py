"""Work to be done every so often, by whichever process comes first, and by one at a time. Nobody leads.

One conditional statement takes a chore, by the database's clock, for HOLD: whoever takes it and dies holds it up for that long. A chore
must therefore stand to be done twice at once, should it ever take longer.
"""

from collections.abc import Callable
from random import SystemRandom
from threading import Event, Thread

import structlog
from prometheus_client import Counter
from sqlalchemy import update
from sqlmodel import col, select

from portal.core.errors import Unavailable
from portal.core.portal import Portal
from portal.core.statements import Statement, insert, now, p
from portal.core.tables import Chore as Row

log = structlog.get_logger()
chance = SystemRandom()
DONE = Counter("portal_chores", "Chores that were done, or that failed", ["chore", "outcome"])

LOOK_SECONDS = 5.0
STOPPING_SECONDS = 2.0
HOLD_MS = 2 * 60_000


# Its name, the seconds between, and the work.
Chore = tuple[str, float, Callable[[Portal], object]]


NOT_DUE = Statement(select(Row.name).where(col(Row.due_at) > now()))
_first = insert(Row).values(name=p("name"), due_at=now() + HOLD_MS, begun_at=now(), owner=p("owner"))
TAKE = Statement(
    _first.on_conflict_do_update(
        index_elements=["name"],
        set_={"due_at": _first.excluded.due_at, "begun_at": _first.excluded.begun_at, "owner": _first.excluded.owner},
        where=col(Row.due_at) <= now(),
    ).returning(col(Row.name))
)
DONE_UNTIL = Statement(
    update(Row).where(col(Row.name) == p("name_"), col(Row.owner) == p("owner_")).values(owner="", due_at=now() + p("pause_"))
)


class Round:
    """This process's part in the chores."""

    def __init__(self, portal: Portal, chores: tuple[Chore, ...]) -> None:
        self.portal, self.chores = portal, chores
        self.stopping = Event()
        self.thread = Thread(target=self._run, name="chores", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """A chore that takes longer than this ends with the process, and is another's when its time is over. Whoever stops a portal
        closes the database next: not under a thread that asks it."""
        self.stopping.set()
        if self.thread.is_alive():
            self.thread.join(STOPPING_SECONDS)

    def _run(self) -> None:
        pause = chance.random()  # of those that start together, not all at once
        while not self.stopping.wait(pause):
            pause = LOOK_SECONDS * chance.uniform(0.5, 1)
            try:
                self.look()
            except Unavailable as error:
                log.warning("chores wait for the database", reason=str(error))
            except Exception:
                self._broke("chores")

    def look(self) -> None:
        """Does what is due and nobody else has begun."""
        with self.portal.db.read() as reader:
            not_due = {row.name for row in reader.all(NOT_DUE)}
        for chore in self.chores:
            if chore[0] not in not_due and not self.stopping.is_set():
                self._do(*chore)

    def _do(self, name: str, every_seconds: float, work: Callable[[Portal], object]) -> None:
        owner = self.portal.outbox.name
        with self.portal.db.write() as tx:
            if not tx.one(TAKE, name=name, owner=owner):
                return  # another process was quicker
        DONE.labels(name, self._outcome(name, work)).inc()
        with self.portal.db.write() as tx:
            tx.run(DONE_UNTIL, name_=name, owner_=owner, pause_=int(every_seconds * 1000))

    def _outcome(self, name: str, work: Callable[[Portal], object]) -> str:
        try:
            work(self.portal)
        except Unavailable as error:
            log.warning("a chore waits", chore=name, reason=str(error))
            return "failed"
        except Exception:
            self._broke("a chore failed", chore=name)
            return "failed"
        return "done"

    def _broke(self, said: str, **more: str) -> None:
        if not self.stopping.is_set():  # then the database is being closed under it, and it is another's
            log.exception(said, **more)
