"""What a document's PDF says is what the document says, cell by cell as a screen reader finds it."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from portal.adapters.extracts import ubl
from portal.adapters.papers import TypstPapers
from portal.adapters.papers.glyphs import printable
from portal.core.documents import Document, Kind, Line, Totals
from portal.core.languages import Language, _, day, money
from portal.core.money import Money
from tests.adapters.papers.reading import bare, elements, plain
from tests.adapters.papers.samples import COMPANY, CREDIT_NOTE, INVOICE, MANY_LINES, TOTALS_ONLY, ils

DATA = Path(__file__).resolve().parents[3] / "../shared/data"
UBL = sorted((DATA / "01-einvoice-ubl/documents").glob("*.xml"))
HEBREW = DATA / "09-accessibility-bidi/hebrew-strings.jsonl"

HOSTILE = [
    '#import "x"',
    "<b hx-get=/x>{{7*7}}</b>",
    "$x^2$ *bold* _so_ `raw` @label ~ -- \\ // /* */ = h",
    '"quoted" \'and\' \\"back\\u{41}slash',
    "'); #panic()",
]


@pytest.fixture(scope="module")
def papers() -> TypstPapers:
    return TypstPapers(COMPANY)


def rows(pdf: bytes) -> list[list[str]]:
    """The body rows of all tables."""
    return [[cell.text for cell in row.children] for body in elements(pdf).all("TBody") for row in body.all("TR")]


def holds_all_of(pdf: bytes, document: Document, language: Language) -> None:
    text, cells = elements(pdf).text, rows(pdf)
    for line in document.lines:
        assert any(says_line(row, line) for row in cells), line
    for rate in document.vat:
        percent = [f"{rate.rate.normalize():f}%"] if rate.rate is not None else []
        assert any(
            row[0].startswith("".join(percent)) and row[1:] == [bare(money(rate.taxable)), bare(money(rate.tax))] for row in cells
        ), rate
    for allowance in document.allowances:
        signed = allowance.amount if allowance.charge else -allowance.amount
        assert any(bare(printable(allowance.reason)) in row[0] and row[1] == bare(money(signed)) for row in cells), allowance
    for party in filter(None, (document.seller, document.buyer)):
        for said in (party.name, party.registration, party.vat_number, *party.address):
            assert bare(printable(said)) in text, said
    said_totals = document.totals
    totals = (said_totals.payable, said_totals.lines, said_totals.without_vat, said_totals.vat, said_totals.with_vat)
    for total in filter(None, (*totals, said_totals.allowances, said_totals.charges, said_totals.prepaid, said_totals.rounding)):
        assert any(row[1].lstrip("-") == bare(money(total)).lstrip("-") for row in cells), total
    for on in filter(None, (document.issued, document.due, *(document.period or ()))):
        assert bare(day(on, language)) in text
    for words in (document.number, *document.notes, *document.corrects):
        assert bare(printable(words)) in text


def says_line(row: list[str], line: Line) -> bool:
    said = [line.net, line.quantity, line.unit_price, line.vat_rate]
    shown = [money(line.net), *(f"{number:,f}" for number in said[1:3] if isinstance(number, Decimal))]
    percent = [f"{line.vat_rate.normalize():f}%"] if line.vat_rate is not None else []
    reasons = [f"{allowance.reason}:{money(allowance.amount if allowance.charge else -allowance.amount)}" for allowance in line.allowances]
    return (
        row[-1] == bare(shown[0])
        and bare(printable(line.name)) in row[0]
        and bare(printable(line.description)) in row[0]
        and all(bare(printable(reason)) in row[0] for reason in reasons)
        and all(any(cell.startswith(bare(value)) for cell in row[1:]) for value in (*shown[1:], *percent))
    )


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("document", [INVOICE, CREDIT_NOTE, TOTALS_ONLY, MANY_LINES], ids=["invoice", "credit", "totals", "long"])
def test_the_text_equals_the_data(papers: TypstPapers, document: Document, language: Language) -> None:
    holds_all_of(papers.document(document, language), document, language)


@pytest.mark.skipif(not UBL, reason="the UBL documents of shared/data are not here")
@pytest.mark.parametrize("path", UBL, ids=lambda path: path.stem)
@pytest.mark.parametrize("language", [Language.HE, Language.EN])
def test_real_documents_are_printed_whole(papers: TypstPapers, path: Path, language: Language) -> None:
    document = ubl.document(ubl.tree(path.read_bytes()))
    holds_all_of(papers.document(document, language), document, language)


@pytest.mark.skipif(not HEBREW.exists(), reason="the Hebrew strings of shared/data are not here")
@pytest.mark.parametrize("language", [Language.HE, Language.EN])
def test_hebrew_names_of_customers_and_lines_read_as_written(papers: TypstPapers, language: Language) -> None:
    written = [json.loads(line) for line in HEBREW.read_text(encoding="utf-8").splitlines()]
    document = replace(INVOICE, lines=tuple(replace(INVOICE.lines[0], name=row["text"], description="") for row in written))
    cells = [row[0] for row in rows(papers.document(document, language))]
    for row, cell in zip(written, cells, strict=False):
        name = bare(printable(row["text"]))
        if name.isalpha():
            assert cell == name
        else:
            assert set(cell) == set(name)  # pdfium repeats a letter for each of its points, and turns what is mixed around


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", [Language.HE, Language.EN])
def test_a_name_that_looks_like_markup_prints_as_that_text(papers: TypstPapers, name: str, language: Language) -> None:
    assert INVOICE.buyer is not None
    document = replace(INVOICE, buyer=replace(INVOICE.buyer, name=name), lines=(replace(INVOICE.lines[0], name=name),), number=name)
    tree = elements(papers.document(document, language))
    assert tree.text.count(bare(name)) == 3


@pytest.mark.parametrize("name", ["invoice\u202efdp.exe", "a\u2066b\u2069c\u200bd", "two\nlines\r\nand\tmore", "nul\x00\x1b"])
def test_controls_in_a_name_are_not_printed(papers: TypstPapers, name: str) -> None:
    clean = "".join(character for character in name if character.isprintable() and character.isascii())
    assert INVOICE.buyer is not None
    assert bare(clean) in elements(papers.document(replace(INVOICE, buyer=replace(INVOICE.buyer, name=name)), Language.HE)).text


def test_characters_the_font_lacks_do_not_cost_the_invoice(papers: TypstPapers) -> None:
    assert INVOICE.buyer is not None
    pdf = papers.document(replace(INVOICE, buyer=replace(INVOICE.buyer, name="日本 דנה ♥")), Language.HE)
    assert "??דנה?" in elements(pdf).text


def test_what_is_still_open_is_the_large_amount(papers: TypstPapers) -> None:
    first = next(elements(papers.document(INVOICE, Language.EN, open=ils("234.50"))).all("P")).text
    assert first == bare(_("Still to pay").say(Language.EN) + "₪234.50")


def test_a_paid_invoice_is_stamped_and_asks_for_nothing(papers: TypstPapers) -> None:
    text = elements(papers.document(INVOICE, Language.EN, open=ils("0"))).text
    assert bare(_("Total of this invoice").say(Language.EN) + "₪1,234.50" + _("Paid").say(Language.EN)) in text
    assert bare(_("Pay by").say(Language.EN)) not in text


def test_an_invoice_below_nothing_is_to_the_customers_credit(papers: TypstPapers) -> None:
    document = replace(TOTALS_ONLY, totals=Totals(payable=ils("-12.00")))
    tree = elements(papers.document(document, Language.EN))
    assert next(tree.all("P")).text == bare(_("To your credit").say(Language.EN) + "₪12.00")
    assert rows(papers.document(document, Language.HE))[-1][1] == "-₪12.00"


def test_a_credit_note_says_what_it_is_and_what_it_corrects(papers: TypstPapers) -> None:
    tree = elements(papers.document(CREDIT_NOTE, Language.EN))
    assert next(tree.all("H1")).text == bare(_("Credit note").say(Language.EN))
    assert next(tree.all("P")).text == bare("Amount to your credit ₪70.68")
    assert "2026-000099,2026-000100" in tree.text


@pytest.mark.parametrize(("open", "said"), [("-70.68", "סכום הזיכוי ₪70.68"), ("-20.00", "יתרת זכות ₪20.00")], ids=["all", "part"])
def test_what_is_left_of_a_credit_note_is_no_balance_until_some_was_used(papers: TypstPapers, open: str, said: str) -> None:
    tree = elements(papers.document(CREDIT_NOTE, Language.HE, open=ils(open)))
    assert next(tree.all("P")).text == bare(said)


def test_a_credit_note_that_was_used_says_so(papers: TypstPapers) -> None:
    assert bare(_("Settled").say(Language.EN)) in elements(papers.document(CREDIT_NOTE, Language.EN, open=ils("0"))).text


@pytest.mark.parametrize("language", [Language.HE, Language.EN, Language.RU])  # pdfium tears Arabic joints apart
def test_many_lines_break_over_pages_with_their_header_and_page_numbers(papers: TypstPapers, language: Language) -> None:
    pages = plain(papers.document(MANY_LINES, language))
    assert len(pages) > 2
    for number, page in enumerate(pages[:-1], 1):
        assert bare(_("Description").say(language)) in page
        footer = _("Page {page} of {pages}").say(language).format(page=number, pages=len(pages))
        assert all(bare(part) in page for part in footer.split())


def test_a_currency_without_a_symbol_and_with_other_decimals(papers: TypstPapers) -> None:
    dinars = replace(TOTALS_ONLY, kind=Kind.INVOICE, totals=Totals(payable=Money(1234567, "JOD")))
    assert "JOD1,234.567" in elements(papers.document(dinars, Language.AR)).text
