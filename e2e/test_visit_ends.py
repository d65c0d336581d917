"""A customer lays the telephone aside: the page says when the visit will end, and one tap keeps it where it can be kept."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from e2e.pages import Home, Identify, Invoice, OnFile, identified
from e2e.telephone import later

MINUTE = 60
pytestmark = pytest.mark.usefixtures("scripts", "sandbox")  # its clock


@pytest.fixture
def wait(visitor, site) -> Callable[[int], None]:
    """Time passes, here and there."""
    visitor.page.clock.install()

    def pass_by(seconds: int) -> None:
        later(site, seconds)
        visitor.page.clock.fast_forward(seconds * 1000)

    return pass_by


def test_one_tap_keeps_a_visit_that_idled(visitor, wait, telephone):
    identified(visitor, telephone, "last-invoice")
    Invoice(visitor)
    for _n in range(2):
        expect(visitor.at("stay")).to_be_hidden()
        wait(14 * MINUTE)
        visitor.taps_on("stay")
    expect(visitor.at("stay")).to_be_hidden()
    visitor.goes_to("/actions/last-invoice")
    Invoice(visitor)


def test_one_that_cannot_be_kept_leads_to_identifying_again(visitor, wait, id_number):
    Home.opened_by(visitor).choose("last-invoice")
    Identify(visitor).by_id_number(id_number)
    OnFile(visitor)
    wait(9 * MINUTE)
    assert not visitor.has("stay")
    visitor.looks_over("visit-ends")
    visitor.taps_on("identify-again")
    Identify(visitor)


def test_what_an_ended_visit_showed_goes_away(visitor, wait, telephone):
    identified(visitor, telephone, "last-invoice")
    Invoice(visitor)
    wait(16 * MINUTE)
    Identify(visitor)
    assert not visitor.has("view")


def test_a_visit_that_ended_while_it_was_to_be_kept_goes_away_too(visitor, wait, site, telephone):
    identified(visitor, telephone, "last-invoice")
    Invoice(visitor)
    wait(14 * MINUTE)
    later(site, 2 * MINUTE)
    visitor.taps_on("stay")
    Identify(visitor)
