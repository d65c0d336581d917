"""`portal unlock`: a person who knows the customer opens a telephone that twenty wrong codes shut."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from portal.cli import main
from portal.core.statements import Statement
from portal.core.tables import Event
from tests.client import Client
from tests.security import visitors
from tests.security.visitors import DANIEL, NOBODY, RUTH, SHARED

UNLOCKED = Statement(select(Event.channel, Event.customer_id, Event.reason).where(col(Event.outcome) == "unlocked").order_by(col(Event.id)))


@pytest.fixture
def portal(new_portal: Callable[..., Client]) -> Client:
    return new_portal(trusted_proxies="testclient")


@pytest.fixture
def unlock(portal: Client, demo_url: str) -> Callable[..., Any]:
    return lambda *numbers: CliRunner().invoke(main, ["unlock", *numbers], env={"PORTAL_DATABASE_URL": demo_url})


def test_a_telephone_that_is_unlocked_gets_codes_that_let_in(portal, unlock):
    visitors.fail_twenty_times(portal, RUTH)
    done = unlock("050-234-5678", DANIEL)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == ["…78: its wrong codes are forgiven.", "…79: there were no wrong codes to forgive."]
    visitors.log_in(portal, RUTH)


def test_an_event_says_who_was_unlocked_and_not_by_which_number(portal, unlock, demo_database):
    for phone in (RUTH, SHARED, NOBODY):
        visitors.fail_twenty_times(portal, phone)
    unlock(RUTH, SHARED, NOBODY, DANIEL)
    with demo_database.read() as reader:
        assert [tuple(row) for row in reader.all(UNLOCKED)] == [("cli", "1001", "…78"), ("cli", None, "…80"), ("cli", None, "…99")]


def test_what_is_no_telephone_number_unlocks_nothing(portal, unlock):
    visitors.fail_twenty_times(portal, RUTH)
    assert unlock(RUTH, "12").exit_code == 2
    assert visitors.ask(portal, RUTH).status_code == 429
