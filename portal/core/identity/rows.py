"""A one-time code as it is kept, without the code: what is asked of the tables, and the budgets that the statements hold."""

from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, literal, update
from sqlmodel import col, select

from portal.core.identity.limits import is_exhausted
from portal.core.identity.people import SETTLED
from portal.core.spans import DAY_MS, MINUTE_MS
from portal.core.statements import Statement, constant, insert, now, p
from portal.core.tables import Challenge, Customer, Guard, Outbox

LIFETIME_MS = 5 * MINUTE_MS
RESEND_AFTER_MS = 60_000
RESENDS = 3
GUESSES = 5
CHALLENGES_A_DAY = 10
FAILURES_IN_A_ROW = 20
CALLS = 2
# A call says the code that the last SMS has while that one lives at least this long; ringing and listening take a minute.
CALL_MS = 2 * MINUTE_MS
# Networks tell within seconds whether an SMS arrived; a page that waits asks for this long.
TOLD_WITHIN_MS = 90_000
# What a challenge was asked by: a number, or an ID number.
TYPED, ON_FILE = "visit", "on file"

COLUMNS: tuple[Any, ...] = tuple(Challenge.__table__.columns)  # type: ignore[attr-defined]


# Given up after its vendor failed: what died without that, nobody's too, was held up by ourselves, and must not tell the two apart.
_given_up = (col(Outbox.state) == constant("failed")) | ((col(Outbox.state) == constant("expired")) & (col(Outbox.error) != ""))


def _failed(kind: str, count: Any) -> ColumnElement[bool]:
    """Whether the challenge's message of that number came to nothing, as far as its vendor told us."""
    return (
        select(Outbox.id)
        .where(
            col(Outbox.key) == literal(kind) + ":" + col(Challenge.id) + ":" + cast(count, String),
            (col(Outbox.delivery) == "undelivered")
            | (col(Outbox.delivery) == "failed")
            | (_given_up & (col(Outbox.delivery) != "delivered")),
        )
        .correlate(Challenge)
        .exists()
    )


SMS_FAILED = _failed("code", Challenge.sendings)
CALL_FAILED = _failed("call", Challenge.calls)
_shut = (col(Guard.key) == col(Challenge.guard)) & (col(Guard.failures) >= FAILURES_IN_A_ROW)
SHUT = select(Guard.key).where(_shut).correlate(Challenge).exists()
SEEN: tuple[Any, ...] = (*COLUMNS, SHUT.label("shut"))
# Whichever is asked for sets `sent_at` first.
_last_call = literal("call:") + col(Challenge.id) + ":" + cast(col(Challenge.calls), String)
CALLED = (
    select(Outbox.id).where(col(Outbox.key) == _last_call, col(Outbox.created_at) >= col(Challenge.sent_at)).correlate(Challenge).exists()
)
WATCHED: tuple[Any, ...] = (
    *SEEN,
    now().label("at"),
    SMS_FAILED.label("sms_failed"),
    CALL_FAILED.label("call_failed"),
    CALLED.label("called"),
)
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
    .where(
        col(Guard.key) == select(Challenge.guard).where(col(Challenge.browser) == p("browser_")).scalar_subquery(),
        col(Guard.failures) < FAILURES_IN_A_ROW,
    )
    .values(failures=col(Guard.failures) + 1)
    .returning(col(Guard.failures), is_exhausted("breaker").label("breaker_open"))
)
FAILED_AT = Statement(select(Guard.failures).where(col(Guard.key) == p("key")))
FORGIVE = Statement(update(Guard).where(col(Guard.key) == p("key_"), col(Guard.failures) > 0).values(failures=0))
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
        prefix=p("prefix"), language=p("language"), channel=p("channel"), source=p("source"), next=p("next"),
        created_at=now(), sent_at=now(), expires_at=now() + LIFETIME_MS,
    )
)  # fmt: skip
OF_BROWSER = Statement(select(*SEEN).where(col(Challenge.browser) == p("browser"), col(Challenge.used_at).is_(None)))
WATCH = Statement(select(*WATCHED).where(col(Challenge.browser) == p("browser"), col(Challenge.used_at).is_(None)))
SEND_AGAIN = Statement(
    update(Challenge)
    .where(
        col(Challenge.browser) == p("browser_"), col(Challenge.used_at).is_(None), col(Challenge.sendings) <= RESENDS,
        col(Challenge.attempts) < GUESSES, ~SHUT, col(Challenge.sent_at) <= now() - p("wait_"),
    )
    .values(sendings=col(Challenge.sendings) + 1, sent_at=now(), expires_at=now() + LIFETIME_MS)
    .returning(*COLUMNS)
)  # fmt: skip
LEAD_TO = Statement(
    update(Challenge).where(col(Challenge.browser) == p("browser_"), col(Challenge.next) != p("next_")).values(next=p("next_"))
)
_lives = col(Challenge.expires_at) > now() + CALL_MS
_at_once = (col(Challenge.calls) == 0) & SMS_FAILED
_waited = col(Challenge.sent_at) <= now() - p("wait_")
CALL = Statement(
    update(Challenge)
    .where(
        col(Challenge.browser) == p("browser_"), col(Challenge.used_at).is_(None), col(Challenge.attempts) < GUESSES,
        ~SHUT, col(Challenge.calls) < CALLS,
        _at_once | (_waited & (SMS_FAILED | (col(Challenge.sendings) > RESENDS) | (col(Challenge.calls) > 0))),
    )
    .values(
        calls=col(Challenge.calls) + 1, sent_at=now(),
        sendings=case((_lives, col(Challenge.sendings)), else_=col(Challenge.sendings) + 1),
        expires_at=case((_lives, col(Challenge.expires_at)), else_=now() + LIFETIME_MS),
    )
    .returning(*COLUMNS)
)  # fmt: skip
GOOD = Statement(
    select(Challenge.sendings).where(
        col(Challenge.id) == p("id"), col(Challenge.used_at).is_(None), col(Challenge.attempts) < GUESSES, col(Challenge.expires_at) > now()
    )
)
