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

from sqlalchemy import case, update
from sqlmodel import col, select

from portal.core.languages import Language
from portal.core.spans import DAY_MS
from portal.core.statements import Row as Found
from portal.core.statements import Statement, Writer, constant, insert, now, p
from portal.core.tables import Outbox as Row

URGENT = 0

# Twice as long as a vendor may take (10 s, docs/outbox.md); short enough that a dead process's code comes within 30 s.
LEASE_MS = 25_000
# What waited longer in memory is asked for again before it is sent: its lease may be over, and its time may be up.
STALE_SECONDS = 1.0
# A row with less time left than that is over: it would be stale, or be sent too late.
MARGIN_MS = 1_000
# Rows in memory a process. What is written while a vendor hangs, and more of it waits, is found in the table.
MOST_HELD = 256


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to send. `about` says what it is about, by ids."""

    kind: str
    channel: str
    recipient: str
    customer_id: str | None
    language: Language
    about: Mapping[str, str]
    key: str
    owner: str
    attempts: int
    priority: int = 5
    age: float = 0.0  # seconds since it was written, when this process took it
    taken: float = field(default_factory=monotonic)  # no later than its lease began, by this process's clock

    @property
    def urgent(self) -> bool:
        """Somebody waits for it with the telephone in their hand."""
        return self.priority == URGENT

    @property
    def waited(self) -> float:
        """Seconds in this process's memory."""
        return monotonic() - self.taken


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a job: the vendor's id of it, or why not."""

    job: Job
    outcome: str | Exception


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
    Row.priority,
)
_waits = col(Row.state) == constant("waiting")
_over = col(Row.expires_at) <= now() + MARGIN_MS
_free = (_waits, col(Row.due_at) <= now(), col(Row.leased_until) <= now())
_mine = (_waits, col(Row.key) == p("key_"), col(Row.owner) == p("owner_"), col(Row.attempts) == p("attempts_"))
# A code and a link die, and nobody wants them any more; what had a day or longer, and did not leave, a person may send again.
_given_up = case((col(Row.expires_at) - col(Row.created_at) < DAY_MS, "expired"), else_="failed")

PUT = Statement(
    insert(Row)
    .values(
        key=p("key"), kind=p("kind"), channel=p("channel"), recipient=p("recipient"), customer_id=p("customer_id"),
        language=p("language"), about=p("about"), priority=p("priority"), attempts=p("attempts"), owner=p("owner"),
        leased_until=now() + p("lease"), created_at=now(), due_at=now(), expires_at=now() + p("lifetime"),
    )
    .on_conflict_do_nothing(index_elements=["key"])
)  # fmt: skip
DUE = Statement(select(Row.id).where(*_free).limit(1))
_claimable = (
    select(Row.id)
    .where(*_free, ~_over, col(Row.channel) == p("channel_"), col(Row.priority).between(p("from_"), p("to_")))
    .order_by(col(Row.priority), col(Row.due_at))
    .limit(p("most_"))
    .with_for_update(skip_locked=True)
)
CLAIM = Statement(
    update(Row)
    .where(col(Row.id).in_(_claimable), col(Row.leased_until) <= now())
    .values(owner=p("owner_"), leased_until=now() + LEASE_MS, attempts=col(Row.attempts) + 1)
    .returning(*COLUMNS, (now() - col(Row.created_at)).label("age_ms"))
)
RENEW = Statement(update(Row).where(*_mine, ~_over, col(Row.leased_until) > now()).values(leased_until=now() + LEASE_MS))
_overdue = select(Row.id).where(*_free, _over).limit(200).with_for_update(skip_locked=True)
OVERDUE = Statement(
    update(Row).where(col(Row.id).in_(_overdue), _waits).values(state=_given_up, finished_at=now()).returning(col(Row.kind), col(Row.state))
)
FINISH = Statement(update(Row).where(*_mine).values(state=p("state_"), finished_at=now(), error=p("error_"), vendor_id=p("vendor_id_")))
_too_late = col(Row.expires_at) <= now() + p("delay_") + MARGIN_MS  # it would sleep past its end: that is said now
RETRY = Statement(
    update(Row)
    .where(*_mine)
    .values(
        due_at=now() + p("delay_"), leased_until=0, owner="", error=p("error_"),
        state=case((_too_late, _given_up), else_="waiting"), finished_at=case((_too_late, now())),
    )
    .returning(col(Row.state))
)  # fmt: skip
DROP = Statement(update(Row).where(col(Row.key) == p("key_"), _waits).values(state="expired", finished_at=now()))
RELEASE = Statement(update(Row).where(*_mine).values(leased_until=0, owner="", attempts=col(Row.attempts) - 1))


class Outbox:
    """This process's end of the table. Without a worker of its own (`separate`), rows wait for whoever has one."""

    def __init__(self, *, separate: bool = False) -> None:
        self.name = uuid4().hex[:12]
        self.working = not separate
        self.inbox: SimpleQueue[Job | Tried | None] = SimpleQueue()  # the worker's; None wakes it
        self.held: dict[str, Job] = {}  # by key: whatever this process leases, until its outcome is written

    def drop(self, tx: Writer, key: str) -> None:
        """What has not left yet is no longer wanted."""
        tx.later(DROP, key_=key)

    def put(
        self, tx: Writer, kind: str, channel: str, recipient: str, *, key: str, language: Language,
        about: Mapping[str, str], customer_id: str | None = None, priority: int = 5, lifetime_ms: int = DAY_MS,
    ) -> None:  # fmt: skip
        """Once a `key`: a repeat changes nothing."""
        mine = self.working and len(self.held) < MOST_HELD
        owner = self.name if mine else ""
        job = Job(kind, channel, recipient, customer_id, language, about, key, owner, 1, priority)
        tx.later(
            PUT, (lambda: self.hold(job)) if mine else self.wake, key=key, kind=kind, channel=channel, recipient=recipient,
            customer_id=customer_id, language=language.value, about=json.dumps(about), priority=priority, attempts=int(mine),
            owner=owner, lease=LEASE_MS if mine else 0, lifetime=lifetime_ms,
        )  # fmt: skip
        if not mine:
            tx.ring()

    def hold(self, job: Job) -> None:
        self.held[job.key] = job
        self.inbox.put(job)

    def wake(self) -> None:
        if self.working:
            self.inbox.put(None)

    def claim(self, tx: Writer, channel: str, *, urgent: bool, most: int) -> list[Job]:
        """What nobody holds and is due of a channel, the most urgent first."""
        began = monotonic()
        span = (URGENT, URGENT) if urgent else (URGENT + 1, 1_000)
        rows = tx.all(CLAIM, owner_=self.name, channel_=channel, from_=span[0], to_=span[1], most_=most)
        return [job(row, age=row.age_ms / 1000, taken=began) for row in rows]


def job(row: Found, **more: Any) -> Job:
    return Job(
        row.kind, row.channel, row.recipient, row.customer_id, Language(row.language), json.loads(row.about), row.key, row.owner,
        row.attempts, row.priority, **more,
    )  # fmt: skip


def of(job: Job) -> dict[str, Any]:
    """Names a row only as long as it is this process's, and at this attempt."""
    return {"key_": job.key, "owner_": job.owner, "attempts_": job.attempts}
