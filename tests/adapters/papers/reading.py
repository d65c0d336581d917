"""A PDF as a screen reader reads it: its structure tree, each element with the text that it marks.

Typst paints a run of right-to-left text as ReversedChars and says with ActualText what a glyph alone would not; pdfium knows both.
"""

import re
from collections.abc import Iterator
from ctypes import create_string_buffer
from dataclasses import dataclass
from unicodedata import bidirectional

import pypdfium2  # type: ignore[import-untyped]
from pypdfium2 import raw

ISOLATES: dict[int, str | None] = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069"))
LAM_ALEF = re.compile("[لاأإآ]+")
MIRRORED: dict[int, str | None] = {ord(closing): opening for opening, closing in ("()", "[]", "{}", "<>", "«»")}


@dataclass(frozen=True)
class Element:
    tag: str
    text: str
    children: tuple["Element", ...]

    def all(self, tag: str) -> Iterator["Element"]:
        if self.tag == tag:
            yield self
        for child in self.children:
            yield from child.all(tag)


def plain(pdf: bytes) -> list[str]:
    """The text of each page, as copied from a viewer."""
    return [bare(page.get_textpage().get_text_bounded()) for page in pypdfium2.PdfDocument(pdf)]


def bare(text: str) -> str:
    """What pdfium cannot tell is left out: spaces (it guesses them), the side of a bracket, the order inside a lam-alef."""
    return LAM_ALEF.sub(lambda found: "".join(sorted(found[0])), "".join(text.translate(ISOLATES | MIRRORED).split()))


def elements(pdf: bytes) -> Element:
    """The tree of the whole document."""
    document = pypdfium2.PdfDocument(pdf)
    roots = [root for page in document for root in _page(page)]
    return Element("Document", " ".join(root.text for root in roots), tuple(roots))


def _page(page: pypdfium2.PdfPage) -> list[Element]:
    marked = _marked(page)
    tree = raw.FPDF_StructTree_GetForPage(page)
    try:
        return [_element(raw.FPDF_StructTree_GetChildAtIndex(tree, n), marked) for n in range(raw.FPDF_StructTree_CountChildren(tree))]
    finally:
        raw.FPDF_StructTree_Close(tree)


def _marked(page: pypdfium2.PdfPage) -> dict[int, str]:
    """Text by the number of its marked content: each is a run of one direction."""
    runs: dict[int, list[tuple[float, str]]] = {}
    texts = page.get_textpage()
    for n in range(raw.FPDFText_CountChars(texts)):
        if found := raw.FPDFText_GetTextObject(texts, n):
            glyph = (texts.get_charbox(n)[0], chr(raw.FPDFText_GetUnicode(texts, n)))
            runs.setdefault(raw.FPDFPageObj_GetMarkedContentID(found), []).append(glyph)
    return {number: _run(glyphs) for number, glyphs in runs.items()}


def _run(glyphs: list[tuple[float, str]]) -> str:
    """pdfium turns words around in a line that is mostly right to left; where they stand says how a run reads."""
    if any(bidirectional(character) in ("R", "AL", "AN") for _, character in glyphs):
        return "".join(character for _, character in glyphs)
    return "".join(character for _, character in sorted(glyphs, key=lambda glyph: glyph[0]))


def _element(struct: raw.FPDF_STRUCTELEMENT, marked: dict[int, str]) -> Element:
    children = []
    text = ""
    for n in range(raw.FPDF_StructElement_CountChildren(struct)):
        if child := raw.FPDF_StructElement_GetChildAtIndex(struct, n):
            children.append(_element(child, marked))
            text += children[-1].text + " "
        else:
            text += marked.get(raw.FPDF_StructElement_GetChildMarkedContentID(struct, n), "")
    return Element(_type(struct), bare(text), tuple(children))


def _type(struct: raw.FPDF_STRUCTELEMENT) -> str:
    buffer = create_string_buffer(100)
    size = raw.FPDF_StructElement_GetType(struct, buffer, 100)
    return buffer.raw[: size - 2].decode("utf-16-le")
