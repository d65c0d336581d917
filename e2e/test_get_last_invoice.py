"""A customer wants the last invoice."""

import re

import pytest

from e2e.pages import Code, Home, Identify, Invoice, OnFile, Outcome, Texted, identified


def test_by_a_code_from_the_home_page(visitor, telephone):
    home = Home.opened_by(visitor)
    home.choose("last-invoice")
    Identify(visitor).by_phone(telephone.as_typed)
    Code(visitor).arrives_on(telephone)
    invoice = Invoice(visitor)
    assert re.search(r"\d+\.\d\d", invoice.amount)
    assert invoice.number


def test_the_document_is_a_pdf_of_their_own(visitor, telephone, context_of):
    identified(visitor, telephone, "last-invoice")
    document = Invoice(visitor).document
    own = visitor.page.context.request.get(document)
    assert own.headers["content-type"] == "application/pdf"
    assert own.body().startswith(b"%PDF-")
    stranger = context_of().request.get(document)
    assert not stranger.body().startswith(b"%PDF-")


def test_sent_to_the_email_on_file(visitor, telephone):
    identified(visitor, telephone, "last-invoice")
    Invoice(visitor).send_to_my_email()
    Outcome(visitor)


def test_a_refresh_and_the_back_button_lose_nothing(visitor, telephone):
    identified(visitor, telephone, "last-invoice")
    number = Invoice(visitor).number
    visitor.page.reload()
    assert Invoice(visitor).number == number
    visitor.goes_to("/")
    Home(visitor)
    visitor.page.go_back()
    assert Invoice(visitor).number == number


@pytest.mark.usefixtures("sandbox")
def test_by_an_id_number_it_is_texted_to_the_phone_on_file(visitor, telephone, id_number):
    Home.opened_by(visitor).choose("last-invoice")
    Identify(visitor).by_id_number(id_number)
    OnFile(visitor).by_sms()
    Outcome(visitor)
    visitor.goes_to(telephone.link())
    Texted(visitor).go_on()
    assert Invoice(visitor).number


def test_an_id_number_shows_nothing_of_the_customer(visitor, id_number):
    Home.opened_by(visitor).choose("last-invoice")
    Identify(visitor).by_id_number(id_number)
    OnFile(visitor)
    for personal in ("view", "amount", "amount-due", "number"):
        assert not visitor.has(personal)


def test_from_an_id_number_up_to_a_code_in_place(visitor, telephone, id_number):
    Home.opened_by(visitor).choose("last-invoice")
    Identify(visitor).by_id_number(id_number)
    OnFile(visitor).see_it_here()
    Code(visitor).arrives_on(telephone)
    assert Invoice(visitor).number
