"""What must happen after a commit, written in the same transaction and carried out by workers, at least once.

A row is born leased to the process that wrote it, which sends it at once from memory; were that process killed, the
lease ends and another one takes the row from the table. Rows hold no code and no token.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from time import monotonic
from typing import Any
from uuid import uuid4

from sqlalchemy import update
from sqlmodel import col, select

from portal.core.languages import Language
from portal.core.statements import Statement, Writer, insert, now, p
from portal.core.tables import Outbox as Row

# Longer than a batch of 4 times a vendor's time-out of 5 s; short enough that a dead process's code comes within 30 s.
LEASE_MS = 25_000
BATCH = 4
MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Job:
    """One message to send. `about` says what it is about, by ids."""

    kind: str
    channel: str
    recipient: str
    customer_id: str | None
    language: Language
    about: Mapping[str, str]
    key: str
    owner: str
    attempts: int
    taken: float = field(default_factory=monotonic)  # when this process's lease began, by its own clock

    @property
    def still_ours(self) -> bool:
        return monotonic() - self.taken < LEASE_MS / 2000


# Takes a job of its channel, and says what the vendor calls it. Raises TryAgain or Permanent.
Courier = Callable[[Job], str]

COLUMNS: tuple[Any, ...] = (
    Row.id,
    Row.kind,
    Row.channel,
    Row.recipient,
    Row.customer_id,
    Row.language,
    Row.about,
    Row.key,
    Row.owner,
    Row.attempts,
)
PUT = Statement(
    insert(Row)
    .values(
        key=p("key"), kind=p("kind"), channel=p("channel"), recipient=p("recipient"), customer_id=p("customer_id"),
        language=p("language"), about=p("about"), priority=p("priority"), attempts=p("attempts"), owner=p("owner"),
        leased_until=now() + p("lease"), created_at=now(), due_at=now(), expires_at=now() + p("lifetime"),
    )
    .on_conflict_do_nothing(index_elements=["key"])
)  # fmt: skip
WAITING = (
    select(Row.id)
    .where(col(Row.state) == "waiting", col(Row.due_at) <= now(), col(Row.leased_until) <= now(), col(Row.expires_at) > now())
    .order_by(col(Row.priority), col(Row.id))
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
CLAIM = Statement(
    update(Row)
    .where(col(Row.id).in_(WAITING), col(Row.leased_until) <= now())
    .values(owner=p("owner_"), leased_until=now() + LEASE_MS, attempts=col(Row.attempts) + 1)
    .returning(*COLUMNS)
)
OVERDUE = Statement(update(Row).where(col(Row.state) == "waiting", col(Row.expires_at) <= now()).values(state="expired", finished_at=now()))
FINISH = Statement(
    update(Row)
    .where(col(Row.key) == p("key_"), col(Row.owner) == p("owner_"), col(Row.attempts) == p("attempts_"), col(Row.state) == "waiting")
    .values(state=p("state_"), finished_at=now(), error=p("error_"), vendor_id=p("vendor_id_"))
)
RETRY = Statement(
    update(Row)
    .where(col(Row.key) == p("key_"), col(Row.owner) == p("owner_"), col(Row.attempts) == p("attempts_"), col(Row.state) == "waiting")
    .values(due_at=now() + p("delay_"), leased_until=0, owner="", error=p("error_"))
)


class Outbox:
    """This process's end of the table. Without a worker of its own (`separate`), rows wait for whoever has one."""

    def __init__(self, *, separate: bool = False) -> None:
        self.name = uuid4().hex[:12]
        self.owner = "" if separate else self.name
        self.fresh: SimpleQueue[Job | None] = SimpleQueue()  # None wakes the worker

    def put(
        self, tx: Writer, kind: str, channel: str, recipient: str, *, key: str, language: Language,
        about: Mapping[str, str], customer_id: str | None = None, priority: int = 5, lifetime_ms: int = 24 * 60 * MINUTE,
    ) -> None:  # fmt: skip
        """Once a `key`: a repeat changes nothing."""
        job = Job(kind, channel, recipient, customer_id, language, about, key, self.owner, 1)
        tx.later(
            PUT, (lambda: self.fresh.put(job)) if self.owner else None, key=key, kind=kind, channel=channel, recipient=recipient,
            customer_id=customer_id, language=language.value, about=json.dumps(about), priority=priority, attempts=1 if self.owner else 0,
            owner=self.owner, lease=LEASE_MS if self.owner else 0, lifetime=lifetime_ms,
        )  # fmt: skip

    def claim(self, tx: Writer) -> list[Job]:
        """What nobody holds and is due, most urgent first."""
        return [job(row) for row in tx.all(CLAIM, owner_=self.name)]


def job(row: Row) -> Job:
    about = json.loads(row.about)
    return Job(row.kind, row.channel, row.recipient, row.customer_id, Language(row.language), about, row.key, row.owner, row.attempts)
