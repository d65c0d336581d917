"""A one-time code as it is kept, without the code: what is asked of the tables, and the budgets that the statements hold."""

from typing import Any

from sqlalchemy import case, update
from sqlmodel import col, select

from portal.core.identity.people import SETTLED
from portal.core.outbox import MINUTE
from portal.core.statements import Statement, insert, now, p
from portal.core.tables import Challenge, Customer, Guard

LIFETIME_MS = 5 * MINUTE
RESEND_AFTER_MS = 60_000
RESENDS = 3
GUESSES = 5
CHALLENGES_A_DAY = 10
FAILURES_IN_A_ROW = 20
DAY_MS = 24 * 60 * MINUTE

COLUMNS: tuple[Any, ...] = tuple(Challenge.__table__.columns)  # type: ignore[attr-defined]
SEEN: tuple[Any, ...] = (*COLUMNS, now().label("at"))
REACHED = Statement(
    select(Customer.customer_id, Customer.language)
    .where(col(Customer.mobile) == p("mobile"), SETTLED)
    .order_by(col(Customer.customer_id))
    .limit(2)
)
MOBILE_OF = Statement(select(Customer.mobile, Customer.language).where(col(Customer.customer_id) == p("customer_id"), SETTLED))

_today = now() // DAY_MS
_guard = insert(Guard).values(key=p("key"), day=_today, challenges=1, failures=0)
COUNT_CHALLENGE = Statement(
    _guard.on_conflict_do_update(
        index_elements=["key"],
        set_={"challenges": case((col(Guard.day) == _guard.excluded.day, col(Guard.challenges) + 1), else_=1), "day": _guard.excluded.day},
        where=(col(Guard.failures) < FAILURES_IN_A_ROW) & ((col(Guard.day) != _guard.excluded.day) | (col(Guard.challenges) < p("most"))),
    ).returning(col(Guard.challenges))
)
COUNT_GUESS = Statement(
    update(Challenge)
    .where(
        col(Challenge.browser) == p("browser_"), col(Challenge.attempts) < GUESSES,
        col(Challenge.used_at).is_(None), col(Challenge.expires_at) > now(),
    )
    .values(attempts=col(Challenge.attempts) + 1)
    .returning(*COLUMNS)
)  # fmt: skip
COUNT_FAILURE = Statement(
    update(Guard)
    .where(col(Guard.key) == p("key_"), col(Guard.failures) < FAILURES_IN_A_ROW)
    .values(failures=col(Guard.failures) + 1)
    .returning(col(Guard.failures))
)
FORGIVE = Statement(update(Guard).where(col(Guard.key) == p("key_")).values(failures=0))
USE = Statement(
    update(Challenge)
    .where(
        col(Challenge.id) == p("id_"),
        col(Challenge.used_at).is_(None),
        col(Challenge.sendings) == p("sendings_"),
        select(Customer.customer_id)
        .where(
            col(Customer.mobile) == col(Challenge.mobile),
            SETTLED,
            col(Challenge.customer_id).is_(None) | (col(Challenge.customer_id) == col(Customer.customer_id)),
        )
        .exists(),  # the telephone may have changed hands since it was sent
    )
    .values(used_at=now())
)
NEW = Statement(
    insert(Challenge).values(
        id=p("id"), browser=p("browser"), purpose=p("purpose"), guard=p("guard"), customer_id=p("customer_id"), mobile=p("mobile"),
        language=p("language"), channel=p("channel"), source=p("source"), next=p("next"), created_at=now(), sent_at=now(),
        expires_at=now() + LIFETIME_MS,
    )
)  # fmt: skip
OF_BROWSER = Statement(select(*SEEN).where(col(Challenge.browser) == p("browser"), col(Challenge.used_at).is_(None)))
SEND_AGAIN = Statement(
    update(Challenge)
    .where(
        col(Challenge.browser) == p("browser_"), col(Challenge.used_at).is_(None), col(Challenge.sendings) <= RESENDS,
        col(Challenge.attempts) < GUESSES, col(Challenge.sent_at) <= now() - p("wait_"),
    )
    .values(sendings=col(Challenge.sendings) + 1, sent_at=now(), expires_at=now() + LIFETIME_MS)
    .returning(*COLUMNS)
)  # fmt: skip
