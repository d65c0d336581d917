"""What waits and what was given up is told to who watches, and tells nobody whether a number is a customer's."""

import re
from collections.abc import Callable

from portal.core.outbox import Outbox
from portal.core.statements import Database
from tests.client import Client
from tests.core.test_outbox import wait
from tests.core.test_worker import put


def figure(portal: Client, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} ([0-9.e+]+)$", portal.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def ask(portal: Client, phone: str) -> None:
    assert portal.post("/identify/phone", data={"phone": phone, "next": "/"}).status_code == 200


def test_a_message_to_nobody_counts_as_any_other(portal: Client) -> None:
    name = 'portal_messages_total{kind="code",state="sent"}'
    timed = 'portal_message_wait_seconds_count{kind="code"}'
    before = figure(portal, name), figure(portal, timed)
    ask(portal, "0502345678")
    portal.cookies.clear()
    ask(portal, "0502349999")
    wait(lambda: (figure(portal, name), figure(portal, timed)) == (before[0] + 2, before[1] + 2))


def test_what_waits_and_what_failed_is_in_the_figures(new_portal: Callable[..., Client], demo_database: Database) -> None:
    portal = new_portal(couriers={})
    put(demo_database, Outbox(separate=True), "a", channel="nobody takes it")
    assert figure(portal, "portal_outbox_due") == 1
    assert figure(portal, "portal_outbox_failed") == 0
    wait(lambda: figure(portal, 'portal_chore_begun_seconds_ago{chore="sweep"}') > 0)
