"""What is on a bill cannot be found out with an ID number alone: guesses are few, however they come."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Condition
from typing import Any

import pytest

from portal.adapters.billing import EmbeddedBilling
from portal.core import journey, party
from portal.core.case import Proof, Reply
from portal.core.events import Origin
from portal.core.journey import Shown
from portal.core.languages import Language
from portal.core.party import Party
from tests.bills import RUTHS

BILL, AMOUNT = RUTHS, "229.75"


class Gathering(EmbeddedBilling):
    """Answers when `all_of_them` are here, or have been refused before they came."""

    remote = True

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.all_of_them = self.here = self.refused = 0
        self.moved = Condition()

    def account(self, customer_id: str) -> Any:
        self._count("here")
        with self.moved:
            assert self.moved.wait_for(lambda: self.here + self.refused >= self.all_of_them, 30)
        return super().account(customer_id)

    def _count(self, which: str) -> None:
        with self.moved:
            setattr(self, which, getattr(self, which) + 1)
            self.moved.notify_all()

    def not_coming(self) -> None:
        self._count("refused")


@pytest.fixture
def billing(demo_database) -> Gathering:
    return Gathering(demo_database)


@pytest.fixture
def guess(answers):
    """`guess(3, number, amount)`: the bill typed in the third visit by one ID number; the error's name, or nothing."""
    return lambda visit, number, amount: answers(visit, "pay-balance", number=number, amount=amount)


@pytest.fixture
def answers(new_portal, demo_database, billing):
    """What an action's first question is answered with in that visit: the error's name, or nothing."""
    portal = new_portal(billing=billing).app.state.portal

    def make(visit: int, slug: str, **fields: str) -> str:
        who = _by_id_number(demo_database, f"visit:{visit}")
        turn = journey.show(portal, slug, who).turn
        shown = journey.reply(portal, slug, who, turn, Reply("ok", fields))
        assert isinstance(shown, Shown)
        return shown.refusal.id if shown.refusal else ""

    return make


def _by_id_number(db: Any, subject: str) -> Party:
    with db.read() as reader:
        known = party.customer(reader, "1001", Proof.ID, Language.EN, Origin("web"), subject)
    return replace(known, asked_as="somebody")


def test_after_ten_wrong_ones_even_the_right_one_is_refused(guess):
    assert [guess(n, BILL, f"{n}.50") for n in range(1, 13)] == ["bill_unknown"] * 10 + ["too_many"] * 2
    assert guess(13, BILL, AMOUNT) == "too_many"


def test_a_person_can_still_be_asked_for(guess, answers):
    assert [guess(n, BILL, f"{n}.50") for n in range(1, 12)][-1] == "too_many"
    assert answers(1, "talk-to-human", phone="0502345678", topic="bill", when="soon") == ""


def test_right_ones_and_what_is_no_amount_cost_nothing(guess):
    assert [guess(n, BILL, "much" if n % 2 else AMOUNT) for n in range(14)] == ["", "amount_form"] * 7


def test_of_many_at_once_no_more_than_ten_are_looked_at(guess, billing):
    billing.all_of_them = 16

    def at_once(n: int) -> str:
        said = guess(n, BILL, f"{n}.50")
        if said == "too_many":
            billing.not_coming()
        return said

    with ThreadPoolExecutor(16) as crowd:
        said = list(crowd.map(at_once, range(16)))
    assert (billing.here, said.count("bill_unknown"), said.count("too_many")) == (10, 10, 6)
