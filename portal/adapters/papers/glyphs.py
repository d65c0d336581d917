"""Text as the papers' font can print it.

PDF/UA refuses a document with a character its font lacks. A customer's name must not cost him his invoice, so what
cannot be printed is replaced before typesetting; a label of ours is not, and fails in the tests.
"""

from functools import cache
from pathlib import Path
from struct import unpack_from
from unicodedata import category, normalize

FONTS = Path(__file__).parent / "fonts"
UPRIGHT = FONTS / "Rubik-Regular.ttf"

REPLACEMENT = "?"  # Rubik has no U+FFFD


def printable(text: str) -> str:
    """One line of it: no controls (bidi ones included), and a question mark for what the font lacks."""
    if text.isascii() and text.isprintable():
        return text
    return " ".join(normalize("NFC", text).translate(_printed()).split())


class _Printed(dict[int, str | None]):
    """For str.translate: how each character prints, found out when it is first met."""

    def __init__(self, font: frozenset[int]) -> None:
        self.font = font

    def __missing__(self, code: int) -> str | None:
        self[code] = printed = self._print(chr(code))
        return printed

    def _print(self, character: str) -> str | None:
        if character.isspace():
            return " "
        match category(character):
            case "Cc" | "Cf":
                return None
            case "Mn" | "Me" if ord(character) not in self.font:
                return None  # the letter under the accent still says it: cantillation
            case _:
                return character if ord(character) in self.font else REPLACEMENT


@cache
def _printed() -> _Printed:
    return _Printed(characters(UPRIGHT))


def characters(font: Path) -> frozenset[int]:
    """What a TrueType font has glyphs for: the format 4 subtable of its cmap (OpenType 1.9, "cmap")."""
    data = font.read_bytes()
    segments = _format_4(data, _table(data, b"cmap"))
    return frozenset(code for start, end in segments for code in range(start, end + 1) if code != 0xFFFF)


def _table(data: bytes, tag: bytes) -> int:
    (tables,) = unpack_from(">H", data, 4)
    for at in range(12, 12 + 16 * tables, 16):
        if data[at : at + 4] == tag:
            (offset,) = unpack_from(">I", data, at + 8)
            return int(offset)
    raise ValueError(f"the font has no {tag.decode()} table")


def _format_4(data: bytes, cmap: int) -> list[tuple[int, int]]:
    """First and last code of each segment. A gap inside a segment (glyph 0) is not looked for: Rubik has none."""
    (subtables,) = unpack_from(">H", data, cmap + 2)
    for at in range(cmap + 4, cmap + 4 + 8 * subtables, 8):
        start = cmap + unpack_from(">I", data, at + 4)[0]
        form, _, _, twice = unpack_from(">4H", data, start)
        if form == 4:
            ends = unpack_from(f">{twice // 2}H", data, start + 14)
            starts = unpack_from(f">{twice // 2}H", data, start + 16 + twice)
            return list(zip(starts, ends, strict=True))
    raise ValueError("the font's cmap has no format 4 subtable")
