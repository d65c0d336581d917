"""F11: notices lost for 3 days: asking converges."""

from sqlmodel import select

from portal import app
from portal.core.payments import OPEN, State
from portal.core.statements import Database, Statement
from portal.core.tables import Ledger, Payment
from tests.processes.instances import DANIEL, LAYLA, RUTH, decide, eventually, identified, to_provider

PAYMENTS = Statement(select(Payment.customer_id, Payment.state))
CREDITS = Statement(select(Ledger.customer_id, Ledger.kind))
THREE_DAYS = 3 * 86_400


def test_asking_finds_what_three_days_of_notices_would_have_told(portal, demo_database):
    ended = {RUTH: ("approve", State.SUCCESS), DANIEL: ("decline", State.FAILED), LAYLA: ("", State.CANCELLED)}
    for phone, (decision, _state) in ended.items():
        identified(portal, phone)
        page = to_provider(portal)
        if decision:
            decide(portal, page, decision, notice="never")
        portal.cookies.clear()
    assert portal.post("/sandbox/clock", json={"advance_seconds": THREE_DAYS}).status_code == 200
    for _again in range(2):
        ask(portal)
    eventually(lambda: not under_way(demo_database))  # the portal's own chore may have been the one to ask
    with demo_database.read() as reader:
        states = {row.customer_id: row.state for row in reader.all(PAYMENTS)}
        paid = [row.customer_id for row in reader.all(CREDITS) if row.kind == "payment"]
    assert sorted(states.values()) == sorted(state for _decision, state in ended.values())
    assert paid == [customer for customer, state in states.items() if state == State.SUCCESS]
    identified(portal, RUTH)
    assert portal.open("/actions/pay-balance").heading == "You owe nothing"


def under_way(db: Database) -> list[str]:
    with db.read() as reader:
        return [row.state for row in reader.all(PAYMENTS) if row.state in OPEN]


def ask(portal) -> None:
    """What any process does every so often."""
    app._ask_about_payments(portal.app.state.portal)
