"""UX.md, "The shortest ways": taps and typed characters are counted, and so are the pages on the way."""

import pytest

from e2e.pages import Code, Home, Identify, Invoice, OnFile, Outcome, Pay, Provider, Receipt, Texted

NUMBER = 10  # digits of an Israeli mobile number


def test_to_the_last_invoice_from_the_home_page(visitor, telephone):
    Home.opened_by(visitor).choose("last-invoice")
    Identify(visitor).by_phone(telephone.as_typed)
    Code(visitor).arrives_on(telephone)
    assert visitor.pages == 3
    Invoice(visitor)
    assert visitor.typed == NUMBER
    assert visitor.taps == (2 if visitor.way.javascript else 3)
    for offered in ("view", "save", "choice-email"):
        visitor.sees(offered)


@pytest.mark.usefixtures("sandbox")
def test_to_the_last_invoice_from_a_texted_link(visitor, telephone, id_number):
    Home.opened_by(visitor).choose("last-invoice")
    Identify(visitor).by_id_number(id_number)
    OnFile(visitor).by_sms()
    Outcome(visitor)
    visitor.begins_anew()
    visitor.taps = visitor.typed = 0
    visitor.goes_to(telephone.link())
    Texted(visitor).go_on()
    Invoice(visitor)
    assert (visitor.taps, visitor.typed) == (1, 0)


@pytest.mark.usefixtures("sandbox")
def test_to_a_paid_balance_from_the_home_page(visitor, telephone):
    Home.opened_by(visitor).choose("pay-balance")
    Identify(visitor).by_phone(telephone.as_typed)
    Code(visitor).arrives_on(telephone)
    Pay(visitor).go_on()
    assert visitor.pages == 4
    Provider(visitor).decide("approve")
    Receipt(visitor)
    assert visitor.typed == NUMBER
    assert visitor.taps == (4 if visitor.way.javascript else 5)


def test_to_a_person_from_anywhere(visitor):
    Home.opened_by(visitor).choose("last-invoice")
    page = Identify(visitor)
    visitor.taps = 0
    page.ways_to_a_person()
    assert visitor.taps == 1
    visitor.sees("human-call")  # the second tap starts the call
