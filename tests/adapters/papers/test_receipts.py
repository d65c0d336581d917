"""A receipt says what was paid, what digital saved and what is left."""

from dataclasses import replace

import pytest

from portal.adapters.papers import TypstPapers
from portal.core.documents import ReceiptLine
from portal.core.languages import Language, Words, _, day, money, verbatim
from tests.adapters.papers.reading import bare, elements
from tests.adapters.papers.samples import COMPANY, RECEIPT, ils


@pytest.fixture(scope="module")
def papers() -> TypstPapers:
    return TypstPapers(COMPANY)


@pytest.mark.parametrize("language", Language)
def test_all_of_it_is_printed(papers: TypstPapers, language: Language) -> None:
    tree = elements(papers.receipt(RECEIPT, language))
    cells = [[cell.text for cell in row.children] for body in tree.all("TBody") for row in body.all("TR")]
    lines = [[bare(line.label.say(language)), bare(money(line.amount))] for line in RECEIPT.lines]
    assert cells == [*lines, [bare(_("Paid").say(language)), "₪1,172.77"]]
    said = (RECEIPT.number, RECEIPT.paid_at, RECEIPT.customer_name, RECEIPT.provider_reference, day(RECEIPT.paid_on, language))
    for value in (*said, _("You saved {amount} by doing it here", amount=RECEIPT.saved).say(language)):
        assert bare(value) in tree.text
    assert bare(_("Balance after this payment").say(language) + "₪0.00") in tree.text


@pytest.mark.parametrize("language", Language)
def test_it_says_who_took_the_money(papers: TypstPapers, language: Language) -> None:
    text = elements(papers.receipt(RECEIPT, language)).text
    number = _("Registration number {number}", number=COMPANY.registration).say(language)
    for value in (COMPANY.legal_name, *COMPANY.address["he"].splitlines(), number):
        assert bare(value) in text


def test_what_is_not_known_is_not_mentioned(papers: TypstPapers) -> None:
    quiet = replace(RECEIPT, customer_name="", provider_reference="", saved=ils("0"), balance_after=None)
    text = elements(papers.receipt(quiet, Language.EN)).text
    for label in (_("Customer"), _("Payment reference"), _("Balance after this payment")):
        assert bare(label.say(Language.EN)) not in text
    assert "saved" not in text


def test_a_payment_beyond_what_was_owed_leaves_credit(papers: TypstPapers) -> None:
    text = elements(papers.receipt(replace(RECEIPT, balance_after=ils("-30.00")), Language.EN)).text
    assert bare(_("To your credit").say(Language.EN) + "₪30.00") in text


@pytest.mark.parametrize("language", Language)
def test_an_incentive_is_printed_whatever_its_title_has(papers: TypstPapers, language: Language) -> None:
    title = Words({"he": "🎉 5% הנחה", "en": "🎉 5% off"})
    text = elements(papers.receipt(replace(RECEIPT, lines=(ReceiptLine(verbatim(title), -ils("61.73")),)), language)).text
    assert bare("? 5% off" if language is Language.EN else "? 5% הנחה") in text
