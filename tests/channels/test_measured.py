"""Every visit is measured: what is begun in it, from where, and how it ended."""

import pytest
from sqlmodel import col, select

from portal.core.statements import Statement
from portal.core.tables import Event
from tests.channels.test_main_job import RUTH, approve, identified, paying

STEPS = Statement(select(Event.source, Event.action, Event.step, Event.outcome).where(col(Event.action) != "").order_by(col(Event.id)))


@pytest.fixture
def english(portal):
    portal.open("/?lang=en")
    return portal


def noted(database) -> list[tuple[str, ...]]:
    with database.read() as reader:
        return [tuple(row) for row in reader.all(STEPS)]


def visit(portal, source: str) -> None:
    portal.open(f"/?source={source}")
    identified(portal, RUTH, "/actions/last-invoice")
    for _look in range(2):
        portal.open("/actions/last-invoice")
        portal.open("/actions/pay-balance")
    portal.post("/leave")


def test_whoever_comes_back_another_day_is_measured_as_the_first_time(english, demo_database):
    begun = [("last-invoice", "start", "done"), ("pay-balance", "start", "to pay")]
    for source in ("ivr", "sms"):
        before = len(noted(demo_database))
        visit(english, source)
        assert noted(demo_database)[before:] == [(source, *step) for step in begun]


def test_that_nothing_is_owed_any_more_ends_a_journey_and_is_noted(english, demo_database):
    identified(english)
    english.open("/actions/pay-balance")
    paying(english)
    approve(english, demo_database)
    assert english.open("/actions/pay-balance").heading == "You owe nothing"
    assert noted(demo_database)[-1][1:] == ("pay-balance", "start", "done")
