"""The company's billing system does not answer: what can still be done is on the page, with scripts and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import RUNNING, serving
from e2e.pages import PayByNumber, Unseen, identified
from tests.ports import free_port

pytestmark = pytest.mark.skipif(bool(RUNNING), reason="a site that is running has a billing of its own")


@pytest.fixture
def site(demo_company: Path, tmp_path: Path) -> Iterator[str]:
    nobody_there = f"http://127.0.0.1:{free_port()}"
    billing = {"PORTAL_BILLING": "http", "PORTAL_BILLING_URL": nobody_there, "PORTAL_BILLING_KEY": "a key of this story"}
    with serving(demo_company, tmp_path, **billing) as server:
        yield server.url


def test_it_is_said_so_and_a_bill_can_be_paid_by_its_number(visitor, telephone):
    visitor.foretold = 503
    identified(visitor, telephone, "last-invoice")
    page = Unseen(visitor)
    assert page.status == "503"
    page.pay_by_number()
    PayByNumber(visitor).go_on("!!", "12")
    visitor.sees("error")
    again = PayByNumber(visitor)
    assert again.error
    assert again.number == "!!"
