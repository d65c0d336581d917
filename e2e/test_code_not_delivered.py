"""An SMS does not arrive: the page says so by itself, and a call says the code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import MOBILE, RUNNING, serving
from e2e.pages import Code, Home, Identify, Invoice
from tests.channels.texted import until
from tests.fakes.twilio import FakeTwilio

pytestmark = pytest.mark.skipif(bool(RUNNING), reason="a site elsewhere has a Twilio of its own")


@pytest.fixture(scope="module")
def vendor() -> Iterator[FakeTwilio]:
    with FakeTwilio(undelivered={MOBILE: 30003}) as running:
        yield running


@pytest.fixture
def twilio(vendor) -> FakeTwilio:
    """To whom nothing was told yet."""
    vendor.hooks.told.clear()
    vendor.calls.clear()
    vendor.answering.clear()
    return vendor


@pytest.fixture(scope="module")
def own_site(demo_company, tmp_path_factory, vendor) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("twilio")
    with serving(demo_company, folder, **vendor.settings) as server:
        yield server.url, folder / "portal.db"


@pytest.fixture
def undelivered(visitor, site, twilio) -> Code:
    Home.opened_by(visitor).choose("last-invoice")
    Identify(visitor).by_phone("050-234-5678")
    code = Code(visitor)
    until(lambda: [answered for _url, told, answered in twilio.hooks.told if told == "undelivered"])
    if not visitor.way.javascript:
        visitor.taps_on(visitor.page.locator("details.more > summary"))
        visitor.taps_on("look-again")
    visitor.sees("call-me")
    return code


def test_the_page_says_so_and_a_call_says_the_code(visitor, undelivered, twilio):
    assert "78" in visitor.reads("delivery")
    visitor.arrives("not-delivered", "call-me")
    visitor.taps_on("call-me")
    visitor.sees("delivery")
    visitor.arrives("calling", "delivery")
    call = until(lambda: twilio.calls and twilio.calls[-1]["status"] == "completed" and twilio.calls[-1])
    Code(visitor).type("".join(part for part in call["spoken"] if part.isdigit())[:6])
    Invoice(visitor)


def test_a_call_that_nobody_answers_is_said_so_by_itself(visitor, undelivered, twilio):
    twilio.answering[MOBILE] = "no-answer"
    visitor.taps_on("call-me")
    visitor.sees("delivery")
    if visitor.way.javascript:
        visitor.sees(visitor.page.locator("#delivery .stepup"))
        visitor.arrives("not-answered", "delivery")
