"""PDF/UA-1 (ISO 14289-1): tags, title, language, headings, tables whose cells know their headers."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from portal.adapters.papers import TypstPapers
from portal.core.languages import Language
from tests.adapters.papers.samples import COMPANY, CREDIT_NOTE, INVOICE, MANY_LINES, RECEIPT, TOTALS_ONLY


@pytest.fixture(scope="module")
def papers() -> TypstPapers:
    return TypstPapers(COMPANY)


@pytest.fixture(params=["invoice", "credit note", "many lines", "totals", "receipt"])
def pdf(request: pytest.FixtureRequest, papers: TypstPapers, language: Language) -> PdfReader:
    documents = {"invoice": INVOICE, "credit note": CREDIT_NOTE, "many lines": MANY_LINES, "totals": TOTALS_ONLY}
    known = documents.get(request.param)
    return PdfReader(BytesIO(papers.document(known, language) if known else papers.receipt(RECEIPT, language)))


@pytest.fixture(params=Language)
def language(request: pytest.FixtureRequest) -> Language:
    return Language(request.param)


def structure(element: Any) -> Iterator[Any]:
    element = element.get_object()
    if isinstance(element, dict):
        yield element
        children = element.get("/K", [])
        for child in children if isinstance(children, list) else [children]:
            yield from structure(child)


def test_it_declares_itself(pdf: PdfReader, language: Language) -> None:
    root: Any = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == language.value
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert root["/ViewerPreferences"].get("/Direction", "/L2R") == ("/R2L" if language.direction == "rtl" else "/L2R")
    assert pdf.xmp_metadata is not None
    assert "<pdfuaid:part>1</pdfuaid:part>" in pdf.xmp_metadata.rdf_root.toxml()
    title = (pdf.xmp_metadata.dc_title or {}).get("x-default")
    assert title and not set(title) & set("\u2066\u2067\u2068\u2069")


def test_it_has_one_first_heading_and_tables_with_headers(pdf: PdfReader) -> None:
    root: Any = pdf.trailer["/Root"]
    tree = list(structure(root["/StructTreeRoot"]))
    tags = [element.get("/S") for element in tree]
    assert tags.count("/H1") == 1
    assert tags.count("/THead") == tags.count("/Table") > 0
    for cell in (element for element in tree if element.get("/S") == "/TD"):
        table = next(attributes for attributes in cell["/A"] if attributes["/O"] == "/Table")
        assert table["/Headers"]


def test_the_logo_has_the_companys_name(papers: TypstPapers) -> None:
    root: Any = PdfReader(BytesIO(papers.document(INVOICE, Language.HE))).trailer["/Root"]
    figures = [element for element in structure(root["/StructTreeRoot"]) if element.get("/S") == "/Figure"]
    assert ["גל תקשורת" in figure["/Alt"] for figure in figures] == [True]
