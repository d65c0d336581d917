"""The press: the font, what is kept, and many at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from typst import TypstError

from portal.adapters.papers import TypstPapers
from portal.adapters.papers.glyphs import UPRIGHT, characters, printable
from portal.adapters.papers.invoice import CATEGORIES
from portal.adapters.papers.kept import Kept
from portal.adapters.papers.letterhead import letterhead
from portal.adapters.papers.press import Press
from portal.adapters.papers.receipt import receipt
from portal.adapters.papers.units import UNITS
from portal.adapters.papers.wording import Wording
from portal.core.documents import VatRate
from portal.core.languages import Language
from tests.adapters.papers.reading import bare, elements
from tests.adapters.papers.samples import COMPANY, INVOICE, RECEIPT, ils

ENGLISH = Wording(Language.EN)


@pytest.mark.parametrize("language", Language)
def test_every_unit_and_category_can_be_printed(language: Language) -> None:
    """A translation with a character that Rubik lacks is an error of typst here, not in a customer's hand."""
    lines = tuple(replace(INVOICE.lines[0], unit=unit) for unit in UNITS)
    rates = tuple(VatRate(category, None, ils("1"), ils("0")) for category in CATEGORIES)
    text = elements(TypstPapers(COMPANY).document(replace(INVOICE, lines=lines, vat=rates), language)).text
    for words in (*UNITS.values(), *CATEGORIES.values()):
        assert bare(words.say(language)) in text


def test_a_label_the_font_lacks_is_refused() -> None:
    with pytest.raises(TypstError, match="could not be displayed"):
        Press().print("receipt.typ", letterhead(COMPANY, ENGLISH) | receipt(RECEIPT, ENGLISH) | {"total": "♥"})


def test_the_font_has_what_the_four_languages_write() -> None:
    letters = "אבגדהוזחטיךכלםמןנסעףפץצקרשת" + "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي" + "абвгдеёжзийклмнопрстуфхцчшщъыьэюя" + "₪€٠١٢٣–־׳״؟،№"
    assert {character for character in letters if ord(character) not in characters(UPRIGHT)} == set()


@pytest.mark.parametrize(
    ("written", "printed"),
    [("a\u202eb", "ab"), ("דנה\r\nכהן", "דנה כהן"), ("שׁ", "ש\u05c1"), ("וְהָאָ֗רֶץ", "וְהָאָרֶץ"), ("日 x", "? x"), ("é", "é")],
)
def test_a_name_is_printed_as_one_clean_line(written: str, printed: str) -> None:
    assert printable(written) == printed


def test_the_same_document_is_printed_once_and_to_the_byte() -> None:
    papers = TypstPapers(COMPANY)
    first = papers.document(INVOICE, Language.HE)
    assert papers.document(replace(INVOICE), Language.HE) is first
    assert TypstPapers(COMPANY).document(INVOICE, Language.HE) == first


def test_documents_that_are_equal_but_written_differently_are_printed_apart() -> None:
    papers = TypstPapers(COMPANY)
    papers.document(INVOICE, Language.EN)
    precise = replace(INVOICE, lines=(replace(INVOICE.lines[0], unit_price=Decimal("59.9000")),))
    assert "59.9000" in elements(papers.document(precise, Language.EN)).text


def test_what_is_open_and_the_language_are_part_of_what_is_kept() -> None:
    papers = TypstPapers(COMPANY)
    printed = {papers.document(INVOICE, language, open=open) for language in Language for open in (None, ils("1"), ils("0"))}
    assert len(printed) == 12


def test_kept_papers_never_exceed_their_bytes_and_the_least_used_go_first() -> None:
    kept = Kept(30)
    for key in (b"a", b"b", b"c"):
        kept.put(key, key * 10)
    kept.get(b"a")
    kept.put(b"d", b"d" * 10)
    kept.put(b"huge", b"-" * 31)
    assert kept.size <= 30
    kept.put(b"e", b"e" * 10)
    assert kept.get(b"e") == b"e" * 10 and kept.get(b"b") is None


def test_parallel_papers_do_not_mix() -> None:
    papers = TypstPapers(COMPANY, kept_bytes=0)

    def printed(number: int) -> bytes:
        if number % 3 == 0:
            return papers.receipt(replace(RECEIPT, number=f"N{number:04}"), Language.EN)
        return papers.document(replace(INVOICE, number=f"N{number:04}"), Language.HE)

    with ThreadPoolExecutor(8) as threads:
        pdfs = list(threads.map(printed, range(24)))
    for number, pdf in enumerate(pdfs):
        text = elements(pdf).text
        assert [other for other in range(24) if f"N{other:04}" in text] == [number]
