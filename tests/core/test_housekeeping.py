"""No table grows for ever, and nothing is deleted that a limit, a person or the record of what happened needs."""

from typing import Any

import pytest
from sqlalchemy import null
from sqlmodel import SQLModel, select

from portal.core.housekeeping import BATCH, BROOMS
from portal.core.spans import DAY_MS
from portal.core.statements import Database, Statement, insert, now
from portal.core.tables import Challenge, Guard, Journey, Link, Outbox, Payment, Rate, Visit

BASE: dict[type[SQLModel], dict[str, Any]] = {
    Visit: {"level": 2, "language": "he", "channel": "web", "started_at": now(), "seen_at": now(), "idle_ms": 1, "ends_at": now()},
    Challenge: {
        "browser": "", "purpose": "visit", "guard": "", "language": "he", "channel": "web", "created_at": now(), "sent_at": now(),
        "expires_at": now(),
    },
    Link: {"purpose": "action", "action": "a", "level": 2, "language": "he", "channel": "web", "created_at": now(), "expires_at": now()},
    Rate: {"arrival": now(), "interval": 1, "tolerance": 1},
    Guard: {"day": now() // DAY_MS, "challenges": 10, "failures": 0},
    Outbox: {
        "kind": "code", "channel": "sms", "language": "he", "state": "sent", "created_at": now(), "due_at": now(), "expires_at": now(),
        "finished_at": now(),
    },
    Journey: {
        "action": "a", "level": 2, "turn": 1, "step": "", "channel": "web", "language": "he", "created_at": now(), "updated_at": now(),
    },
    Payment: {
        "customer_id": "C", "state": "success", "currency": "ILS", "owed": 1, "charge": 1, "provider": "p", "language": "he",
        "channel": "web", "created_at": now(), "updated_at": now(),
    },
}  # fmt: skip
OLD = 31 * DAY_MS
NAMED_BY_ID = (Visit, Challenge, Link, Journey, Payment)


def put(db: Database, table: type[SQLModel], key: str, **changed: Any) -> None:
    name = "id" if table in NAMED_BY_ID else "key"
    values = BASE[table] | {name: key} | changed
    if table is Challenge:
        values["browser"] = key
    if table is Journey:
        values["subject"] = key
    with db.write() as tx:
        tx.run(Statement(insert(table).values(**values)))


def left(db: Database, table: type[SQLModel]) -> set[str]:
    name = "id" if table in NAMED_BY_ID else "key"
    with db.read() as reader:
        return {row.key for row in reader.all(Statement(select(table.__table__.c[name].label("key"))))}  # type: ignore[attr-defined]


def sweep(db: Database) -> None:
    for broom in BROOMS:
        broom.sweep(db)


@pytest.mark.parametrize(
    ("table", "column"), [(Visit, "ends_at"), (Challenge, "expires_at"), (Link, "expires_at"), (Rate, "arrival"), (Outbox, "finished_at")]
)
def test_what_is_over_for_long_is_deleted_and_what_is_not_stays(database, table, column):
    put(database, table, "old", **{column: now() - OLD})
    put(database, table, "just over", **{column: now() - 60_000})
    put(database, table, "not over", **{column: now() + 60_000})
    sweep(database)
    assert left(database, table) == {"just over", "not over"}


def test_the_days_codes_and_the_failures_in_a_row_of_a_telephone_stay_counted(database):
    put(database, Guard, "today")
    put(database, Guard, "long ago, all forgiven", day=0)
    put(database, Guard, "long ago, failed 20 times in a row", day=0, failures=20)
    sweep(database)
    assert left(database, Guard) == {"today", "long ago, failed 20 times in a row"}


def test_a_row_that_still_waits_is_never_deleted_nor_one_that_just_failed(database):
    put(database, Outbox, "waits", state="waiting", finished_at=null(), created_at=now() - OLD, expires_at=now() + OLD)
    put(database, Outbox, "failed", state="failed")
    sweep(database)
    assert left(database, Outbox) == {"waits", "failed"}


def test_a_journey_goes_when_nobody_touched_it_for_a_season_and_no_payment_was_made_in_it(database):
    long_ago = now() - 91 * DAY_MS
    put(database, Journey, "of last month", updated_at=now() - OLD)
    put(database, Journey, "left open", updated_at=long_ago)
    put(database, Journey, "ended", updated_at=long_ago, ended_at=long_ago)
    put(database, Journey, "paid", updated_at=long_ago, ended_at=long_ago)
    put(database, Payment, "a payment", journey_id="paid")
    sweep(database)
    assert left(database, Journey) == {"of last month", "paid"}


def test_money_that_billing_refused_is_on_the_list_until_a_person_has_looked(database):
    old = {"finished_at": now() - OLD, "channel": "billing"}
    put(database, Outbox, "refused", state="failed", **old)
    put(database, Outbox, "told", state="sent", **old)
    sweep(database)
    assert left(database, Outbox) == {"refused"}


def test_more_than_a_batch_is_swept_in_one_run(database):
    count = 2 * BATCH + 10
    for n in range(count):
        put(database, Rate, f"{n:04}", arrival=now() - OLD)
    put(database, Rate, "young")
    sweep(database)
    assert left(database, Rate) == {"young"}


def test_every_table_that_visitors_fill_is_swept_or_kept_on_purpose():
    swept = {broom.delete.clause.table.name for broom in BROOMS}  # type: ignore[attr-defined]
    kept = {
        "customer",
        "invoice",
        "ledger",
        "payment",
        "notice",
        "incentive",
        "redemption",
        "event",
        "callback",
        "chore",
        "clock",
    }
    assert swept.isdisjoint(kept)
    assert swept | kept | {"chore", "clock"} == set(SQLModel.metadata.tables)
