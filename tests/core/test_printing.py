"""What a bill on paper needs of billing, and what it does without."""

from portal.adapters.billing import EmbeddedBilling
from portal.core.errors import BillsUnseen
from portal.core.ports import Account
from tests.bills import RUTHS
from tests.channels.test_main_job import identified
from tests.processes.instances import eventually


class HalfSeen(EmbeddedBilling):
    """It has the documents, and not what is open of them."""

    remote = True

    def account(self, customer_id: str) -> Account:
        raise BillsUnseen("no answer")


class Unseen(HalfSeen):
    def document(self, customer_id: str, number: str) -> None:
        raise BillsUnseen("no answer")


def test_a_bill_is_printed_where_what_is_open_of_it_is_not_known(new_portal, demo_database):
    portal = new_portal(billing=HalfSeen(demo_database))
    identified(portal)
    answer = portal.get(f"/invoices/{RUTHS}.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")


def test_a_list_of_messages_asks_billing_nothing(new_portal, demo_database):
    portal = new_portal()
    page = identified(portal, next="/actions/last-invoice")
    portal.submit(page, "choice-email")
    eventually(lambda: "email" in channels(portal))
    assert "email" in channels(new_portal(billing=Unseen(demo_database)))


def channels(portal) -> set[str]:
    return {message["channel"] for message in portal.get("/sandbox/messages").json()}
