"""What happened, for the funnel: appended in the transaction that made it so."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from prometheus_client import Counter

from portal.core.statements import Statement, Writer, insert, now, p
from portal.core.tables import Event

EVENTS = Counter("portal_events", "Steps taken", ["action", "step", "outcome"])


@dataclass(frozen=True, slots=True)
class Origin:
    """Which way somebody came: the channel, and what sent them (an IVR, a bill's QR code, an SMS)."""

    channel: str
    source: str = ""


NOTE = Statement(
    insert(Event).values(
        at=now(), customer_id=p("customer_id"), visit_id=p("visit_id"), journey_id=p("journey_id"), channel=p("channel"),
        source=p("source"), action=p("action"), step=p("step"), outcome=p("outcome"), reason=p("reason"),
    )
)  # fmt: skip


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
) -> None:
    tx.later(
        NOTE, _count(action, step, outcome), customer_id=customer_id, visit_id=visit_id, journey_id=journey_id, channel=origin.channel,
        source=origin.source, action=action, step=step, outcome=outcome, reason=reason,
    )  # fmt: skip


@cache
def _count(action: str, step: str, outcome: str) -> Callable[[], None]:
    return EVENTS.labels(action, step, outcome).inc
