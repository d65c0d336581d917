"""What happened, for the funnel: appended in the transaction that made it so."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from prometheus_client import Counter
from sqlmodel import col, select

from portal.core.statements import Statement, Writer, insert, now, p
from portal.core.tables import Event, Journey

EVENTS = Counter("portal_events", "Steps taken", ["action", "step", "outcome"])


@dataclass(frozen=True, slots=True)
class Origin:
    """Which way somebody came: the channel, and what sent them (an IVR, a bill's QR code, an SMS)."""

    channel: str
    source: str = ""


_names = ("customer_id", "visit_id", "journey_id", "channel", "source", "action", "step", "outcome", "reason")
_values = {"at": now(), **{name: p(name) for name in _names}}
NOTE = Statement(insert(Event).values(**_values))
_begun = select(Journey.id).where(col(Journey.id) == p("begun")).exists()
NOTE_IF_BEGUN = Statement(insert(Event).from_select(list(_values), select(*_values.values()).where(_begun)))


def note(
    tx: Writer,
    origin: Origin,
    step: str,
    outcome: str,
    *,
    reason: str = "",
    action: str = "",
    customer_id: str | None = None,
    visit_id: str = "",
    journey_id: str = "",
    if_begun: bool = False,
) -> None:
    """`if_begun`: only where there is such a journey, so that its beginning is noted before it is known whether `tx` began it."""
    tx.later(
        NOTE_IF_BEGUN if if_begun else NOTE, _count(action, step, outcome), customer_id=customer_id, visit_id=visit_id,
        journey_id=journey_id, channel=origin.channel, source=origin.source, action=action, step=step, outcome=outcome, reason=reason,
        begun=journey_id,
    )  # fmt: skip


@cache
def _count(action: str, step: str, outcome: str) -> Callable[[], None]:
    return EVENTS.labels(action, step, outcome).inc
