"""Requests to be called: one that comes twice is one."""

from collections.abc import Iterator

import pytest
from sqlmodel import select

from portal.app import parts
from portal.core import callbacks
from portal.core.case import Proof
from portal.core.errors import Unavailable
from portal.core.events import Origin
from portal.core.languages import Language, _
from portal.core.party import Party
from portal.core.portal import Portal
from portal.core.statements import Statement
from portal.core.steps import Handoff
from portal.core.tables import Callback

CALLBACKS = Statement(select(Callback))
PHONE = "+97236123456"
WHO = Party("", None, Proof.NOTHING, False, Language.EN, Origin("web"), 0, "192.0.2.7")


@pytest.fixture
def portal(settings) -> Iterator[Portal]:
    made = parts(settings)
    yield made
    made.db.close()


def number(portal: Portal) -> str:
    return callbacks.number(portal, WHO, PHONE, "fault", "soon")


def request(reference: str, phone: str = PHONE) -> Handoff:
    return Handoff(_("We will call you"), "fault", phone, "soon", reference)


def test_two_at_once_have_one_number_and_are_one_request(portal):
    first, second = number(portal), number(portal)
    for reference, journey_id in ((first, "one tab's"), (second, "another tab's")):
        with portal.db.write() as tx:
            callbacks.ask(tx, WHO, journey_id, request(reference))
    with portal.db.read() as reader:
        (row,) = reader.all(CALLBACKS)
    assert (row.reference, row.journey_id) == (first, "one tab's")


def test_a_number_that_is_another_requests_is_not_given_again(portal):
    with portal.db.write() as tx:
        callbacks.ask(tx, WHO, "one", request("ACD347"))
    with pytest.raises(Unavailable), portal.db.write() as tx:
        callbacks.ask(tx, WHO, "another", request("ACD347", phone="+97236123457"))
