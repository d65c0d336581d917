"""A journey's row, and the statements that find and move it."""

from typing import Any

from sqlalchemy import exists, update
from sqlmodel import col, select

from portal.core.payments.rows import unshown
from portal.core.statements import Statement, insert, now, p
from portal.core.tables import Journey, Payment

COLUMNS: tuple[Any, ...] = (
    Journey.id, Journey.action, Journey.subject, Journey.customer_id, Journey.level, Journey.turn, Journey.step, Journey.language,
    Journey.channel, Journey.source, Journey.visit_id, Journey.ended_at, Journey.updated_at, (now() - Journey.updated_at).label("age"),
)  # fmt: skip
_pending = (col(Journey.subject) == p("subject"), col(Journey.action) == p("action"), col(Journey.ended_at).is_(None))
PENDING = Statement(select(*COLUMNS).where(*_pending))
# What was begun with the ID number alone is theirs too, once they have proved who they are.
_own = (col(Journey.subject) == p("subject")) | (col(Journey.customer_id) == p("proved"))
OWN = Statement(select(*COLUMNS).where(col(Journey.id) == p("id"), col(Journey.action) == p("action"), _own))
BY_ID = Statement(select(*COLUMNS).where(col(Journey.id) == p("id")))
BEGIN = Statement(
    insert(Journey)
    .values(
        id=p("id"), subject=p("subject"), customer_id=p("customer_id"), action=p("action"), level=p("level"), turn=p("turn"),
        step=p("step"), channel=p("channel"), source=p("source"), visit_id=p("visit_id"), language=p("language"), created_at=now(),
        updated_at=now(), ended_at=p("ended") * now(),
    )
    .on_conflict_do_nothing()
)  # fmt: skip
# Nothing moves a journey on over a success that it does not know of: that is told first.
_knows_what_was_paid = ~exists().where(col(Payment.journey_id) == col(Journey.id), unshown)
_there = (col(Journey.id) == p("id_"), col(Journey.turn) == p("turn_"), col(Journey.ended_at).is_(None), _knows_what_was_paid)
STILL = Statement(select(Journey.id).where(*_there))
_at_turn = update(Journey).where(*_there)
_moved: dict[str, Any] = {
    "step": p("step_"), "turn": col(Journey.turn) + p("on_"), "updated_at": now(), "ended_at": p("ended_") * now(),
}  # fmt: skip
GO_ON = Statement(_at_turn.values(**_moved))
RENEW = Statement(_at_turn.values(**_moved, visit_id=p("visit_id_"), channel=p("channel_"), source=p("source_"), language=p("language_")))
