"""A table of text: CSV in whatever encoding and with whatever delimiter, titles above its heading, totals below.

The file is read twice, first to know its encoding, and never held: a million rows take the memory of one.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from portal.adapters.extracts.cells import text
from portal.adapters.extracts.entries import Unreadable
from portal.adapters.extracts.headings import HIGHEST_TITLE, TELEPHONES, Columns, Names, folded
from portal.adapters.extracts.people import PLACES
from portal.core.languages import Text, _

DELIMITERS = ",;\t|"
SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
BINARY = {
    b"PK\x03\x04": _("it is an Excel workbook or a zip: save the table as CSV"),
    b"\xd0\xcf\x11\xe0": _("it is an old Excel workbook: save the table as CSV"),
    b"%PDF": _("it is a PDF"),
    b"\xff\xd8\xff": _("it is a picture"),
    b"\x89PNG": _("it is a picture"),
    b"GIF8": _("it is a picture"),
    b"RIFF": _("it is a picture, a film or sound"),
}
TOTALS = ("סהכ", "סךהכ", "סיכום", "total", "grandtotal", "subtotal", "sum", "итого")

# A quotation mark that nobody closed would take the rest of the file into one cell.
LONGEST_ROW = 50
UNCLOSED = _("a quotation mark that begins here is not closed")


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cells: list[str]
    problem: Text | None = None


class Table:
    """The rows below the heading, with the line of each; blank rows and totals are passed over."""

    def __init__(self, path: Path, names: Names) -> None:
        self.path = path
        self.size = opened(path)
        self.encoding = encoding(path)
        self.delimiter, self.columns, self.heading = self._heading(names)
        self.position = 0

    @property
    def decimal_comma(self) -> bool:
        """Where a decimal is a comma, Excel's list separator is a semicolon."""
        return self.delimiter == ";"

    def __iter__(self) -> Iterator[Row]:
        with readable(self.path, self.encoding) as file:
            for row in records(file, self.delimiter):
                if row.line <= self.heading or not any(map(str.strip, row.cells)) or is_total(row.cells):
                    continue
                self.position = cast(BinaryIO, file.buffer).tell()
                yield self._checked(row)

    def _checked(self, row: Row) -> Row:
        if any("\ufffd" in cell for cell in row.cells):
            return replace(row, problem=_("the row has characters that cannot be read"))
        if any(self._swallows(field, row) for field in self.columns.at):
            return replace(row, problem=UNCLOSED)
        if any(cell.strip() for cell in row.cells[self.columns.width :]):
            return replace(row, problem=_("the row has more cells than the heading"))
        return row

    def _swallows(self, field: str, row: Row) -> bool:
        """Other rows, in a cell that is one line: only addresses have commas in several."""
        cell = self.columns.cell(row.cells, field)
        return "\n" in cell and self.delimiter in cell and field not in (*PLACES, *TELEPHONES)

    def _heading(self, names: Names) -> tuple[str, Columns, int]:
        """The delimiter and the row that name the most columns that we know."""
        found = [
            (len(columns.at), -row.line, delimiter, columns)
            for delimiter in DELIMITERS
            for row in first_rows(self.path, self.encoding, delimiter)
            if (columns := names.columns(row.cells)).at
        ]
        if not found:
            first = next(first_rows(self.path, self.encoding, ","), Row(1, []))
            said = ", ".join(map(text, first.cells))[:300]
            raise Unreadable(_("none of these headings is known: {headings}; name them with --columns FILE.toml", headings=said), 1)
        _known, line, delimiter, columns = max(found, key=lambda one: (one[0], one[1]))
        if columns.problem:
            raise Unreadable(columns.problem, -line)
        return delimiter, columns, -line


def first_rows(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    with readable(path, encoding) as file:
        yield from islice(records(file, delimiter), HIGHEST_TITLE)


def readable(path: Path, encoding: str) -> TextIOWrapper:
    """Line ends as they are: those inside quotes are csv's to judge."""
    return open(path, encoding=encoding, errors="replace", newline="")


def records(file: TextIOWrapper, delimiter: str) -> Iterator[Row]:
    """Each record with the number of the line that it begins in."""
    written: list[str] = []
    reader = csv.reader(kept(file, written), delimiter=delimiter)
    line = 0
    while True:
        begins = line + 1
        written.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Row(begins, ["?"], UNCLOSED)
            continue
        finally:
            line = reader.line_num
        if line - begins > LONGEST_ROW or not closed(written, delimiter):
            yield Row(begins, row[:1], UNCLOSED)
        elif not (begins == 1 and SEP_LINE.fullmatch(delimiter.join(row))):
            yield Row(begins, row)


def kept(lines: Iterable[str], written: list[str]) -> Iterator[str]:
    """Whoever asks for more than there is sees an empty line in `written`."""
    for line in lines:
        written.append(line)
        yield line
    written.append("")


def closed(written: list[str], delimiter: str) -> bool:
    """A mark that nobody closed ends with the file, or with the mark of a later row, where strictly none may close."""
    if len(written) == 1 or not written[-1]:
        return bool(written[-1])
    try:
        return bool(list(csv.reader(written, delimiter=delimiter, strict=True)))
    except csv.Error:
        return False


def opened(path: Path) -> int:
    """Its size; or why it is no table."""
    try:
        with open(path, "rb") as file:
            head = file.read(8)
            size = path.stat().st_size
    except IsADirectoryError as error:
        raise Unreadable(_("{file} is a folder: name a file", file=str(path))) from error
    except OSError as error:
        raise Unreadable(_("{file} cannot be opened: {error}", file=str(path), error=error.strerror or "")) from error
    if not head:
        raise Unreadable(_("{file} is empty", file=str(path)))
    for mark, why in BINARY.items():
        if head.startswith(mark):
            raise Unreadable(why)
    return size


def encoding(path: Path) -> str:
    """By its mark, else UTF-8 if all of it is, else the Windows code page that its letters suggest."""
    with open(path, "rb") as file:
        head = file.read(4096)
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if zeros := head.count(0):
            if zeros * 10 < len(head):
                raise Unreadable(_("it is not a text file"))
            return "utf-16-be" if head[::2].count(0) > zeros / 2 else "utf-16-le"
        file.seek(0)
        decoder, sample = codecs.getincrementaldecoder("utf-8")(), b""
        while block := file.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                sample += block
                break
        return "utf-8" if not sample else code_page(sample)


def code_page(sample: bytes) -> str:
    """Hebrew comes in words, accented Latin letters one by one; the lead byte D7 of Hebrew in UTF-8 is no letter of cp1255."""
    high = [byte for byte in sample if byte > 0x7F]
    if high.count(0xD7) * 3 > len(high):
        return "utf-8"
    if sum(byte < 0x20 and byte not in b"\t\r\n\f\x1a" for byte in sample) * 50 > len(sample):
        raise Unreadable(_("it is not a text file"))
    in_words = sum(len(word) for word in re.findall(rb"[\xe0-\xfa]{2,}", sample))
    return "cp1255" if in_words * 2 > len(high) else "cp1252"


def is_total(row: list[str]) -> bool:
    said = [cell for cell in row if cell.strip()]
    return len(said) * 2 <= len(row) and folded(said[0]).startswith(TOTALS)
