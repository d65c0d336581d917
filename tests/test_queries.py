"""Every hot query carries the customer's key, or a key of its own that says why not (issue 3)."""

import pytest
from sqlmodel import col, select, update

from portal.core.statements import Statement, insert, p
from portal.core.tables import Invoice, Ledger, Payment
from tests import queries


@pytest.mark.parametrize("query", queries.queries(), ids=lambda query: f"{query.name}:{query.table}")
def test_a_table_of_customers_is_asked_with_their_key_or_for_a_listed_reason(query):
    assert query.carries or query.own_key, f"{query.name} asks {query.table} by neither customer_id nor a key of its own"


def test_the_document_says_what_the_statements_do():
    assert queries.DOCUMENT.read_text(encoding="utf-8") == queries.document(), "python -m tests.queries writes it anew"


def test_no_reason_is_listed_that_nobody_needs():
    used = {(query.table, query.own_key) for query in queries.queries() if not query.carries}
    listed = {(table, column) for table, column in queries.OWN_KEYS if table in {query.table for query in queries.queries()}}
    assert listed - used == set()


def test_the_statements_of_the_request_are_found():
    found = {name for name, _statement in queries.statements()}
    assert {
        "core.identity.visits.OPEN",
        "core.identity.rows.COUNT_GUESS",
        "core.payments.rows.MOVE",
        "adapters.billing.embedded.BILLS",
    } <= found
    assert len(found) > 50


@pytest.mark.parametrize(
    ("clause", "found_by"),
    [
        (select(Ledger.amount).where(col(Ledger.invoice_number) == p("n")), ()),
        (select(Ledger.amount).where(col(Ledger.customer_id) != p("c")), ()),
        (select(Ledger.amount).where(col(Ledger.customer_id) == p("c")), ("customer_id",)),
        (update(Payment).where(col(Payment.state) == "x").values(customer_id=p("c")), ("state",)),
        (insert(Invoice).values(number=p("n")), ()),
        (insert(Invoice).values(customer_id=p("c"), number=p("n")), ("customer_id",)),
    ],
)
def test_what_a_statement_is_found_by(clause, found_by):
    (query,) = queries.asked("here", Statement(clause))
    assert query.found_by == found_by
