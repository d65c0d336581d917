"""What the outbox gave up for good, for a person to see and to send again; and how much of it waits, for who watches."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import and_, case, func, not_, null, update
from sqlmodel import col, select

from portal.core.outbox import MARGIN_MS
from portal.core.spans import DAY_MS
from portal.core.statements import Reader, Row, Statement, Writer, constant, now, p
from portal.core.tables import Chore, Outbox

# Dies with what it is about, as a code does: sent later it would be of no use, or do harm.
_perishable = col(Outbox.expires_at) - col(Outbox.created_at) < DAY_MS
_dead = and_(_perishable, col(Outbox.expires_at) <= now() + MARGIN_MS)
_failed = col(Outbox.state) == constant("failed")
_of_one = col(Outbox.id) == p("id_")

_shown: tuple[Any, ...] = (
    Outbox.id, Outbox.kind, Outbox.channel, Outbox.recipient, Outbox.attempts, Outbox.error,
    (now() - col(Outbox.created_at)).label("age_ms"), _dead.label("dead"),
)  # fmt: skip
FAILED = Statement(select(*_shown).where(_failed).order_by(col(Outbox.id)))
ONE = Statement(select(Outbox.state, _dead.label("dead")).where(_of_one))
_again = (
    update(Outbox)
    .where(_failed, not_(_dead))
    .values(
        state="waiting", attempts=0, due_at=now(), leased_until=0, owner="", finished_at=null(), error="",
        expires_at=case((_perishable, col(Outbox.expires_at)), else_=now() + (col(Outbox.expires_at) - col(Outbox.created_at))),
    )
)  # fmt: skip
EVERY_AGAIN = Statement(_again)
ONE_AGAIN = Statement(_again.where(_of_one))
STATES = Statement(select(Outbox.state, func.count().label("rows")).group_by(col(Outbox.state)).order_by(col(Outbox.state)))

_waiting = col(Outbox.state) == constant("waiting")
WAITING = Statement(
    select(func.count().label("rows"), func.coalesce(func.max(now() - col(Outbox.due_at)), 0).label("oldest_ms")).where(
        _waiting, col(Outbox.due_at) <= now()
    )
)
GIVEN_UP = Statement(select(func.count().label("rows")).select_from(Outbox).where(_failed))
CHORES = Statement(select(Chore.name, (now() - col(Chore.begun_at)).label("ago_ms")).where(col(Chore.begun_at).is_not(None)))

# What the first word of `error` means to whoever reads the list.
WORDS = {
    "Permanent": "refused for good",
    "TryAgain": "never worked, until it was too late",
    "Unknown": "what it was about is gone",
}


@dataclass(frozen=True, slots=True)
class Failed:
    """One row of the list."""

    id: int
    kind: str
    channel: str
    recipient: str  # masked
    age_seconds: int
    attempts: int
    reason: str
    can_be_sent: bool


class Again(Enum):
    """What came of sending one again."""

    SENT = "sent again"
    DEAD = "dead"
    NOT_FAILED = "not failed"
    NONE = "none"


def failed(reader: Reader) -> list[Failed]:
    """The oldest first."""
    return [
        Failed(row.id, row.kind, row.channel, masked(row.recipient), row.age_ms // 1000, row.attempts, in_words(row.error), not row.dead)
        for row in reader.all(FAILED)
    ]


def masked(recipient: str) -> str:
    """The last two digits of a number; of an address, where it is."""
    if not recipient:
        return ""
    return "…" + (recipient[recipient.rindex("@") :] if "@" in recipient else recipient[-2:])


def in_words(error: str) -> str:
    kind, _colon, said = error.partition(": ")
    if not error:
        return "no process took it, until it was too late"
    return f"{WORDS[kind]}: {said}" if kind in WORDS else error


def states(reader: Reader) -> dict[str, int]:
    """Every row there is is counted: not for a scrape."""
    return {row.state: row.rows for row in reader.all(STATES)}


def send_again(tx: Writer, id: int) -> Again:
    if tx.run(ONE_AGAIN, id_=id):
        tx.ring()
        return Again.SENT
    row = tx.one(ONE, id_=id)
    if row is None:
        return Again.NONE
    return Again.DEAD if row.state == "expired" or row.dead else Again.NOT_FAILED


def send_all_again(tx: Writer) -> int:
    """How many; what died by nature stays where it is."""
    sent = tx.run(EVERY_AGAIN)
    tx.ring()
    return sent


def figures(reader: Reader) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Gauges: the name, what it says, and the values (by chore, or one). Decoys count as messages."""
    waiting, given_up = reader.one(WAITING), reader.one(GIVEN_UP)
    assert waiting and given_up
    yield "portal_outbox_due", "Rows that wait to be sent, or are being sent", {"": waiting.rows}
    yield "portal_outbox_oldest_due_seconds", "How long the oldest of them is due", {"": waiting.oldest_ms / 1000}
    yield "portal_outbox_failed", "Rows that were given up: portal outbox lists them", {"": given_up.rows}
    yield "portal_chore_begun_seconds_ago", "How long ago a chore was last begun", {row.name: row.ago_ms / 1000 for row in _chores(reader)}


def _chores(reader: Reader) -> list[Row]:
    return reader.all(CHORES)
