"""Documents from files, folders and zips. A zip is read as it is unpacked, in memory: nothing is written, no name is a path."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from portal.adapters.extracts import cells, rules, table, ubl
from portal.adapters.extracts.elements import TOTAL, Element, said
from portal.adapters.extracts.entries import Entry, Invoice, Unreadable
from portal.adapters.extracts.headings import Names
from portal.adapters.extracts.rows import InvoiceRows
from portal.core.documents import Document, Kind
from portal.core.languages import Text, _

MOST_FILES = 100
MOST_UNPACKED = 20_000_000  # bytes
TABLES = (".csv", ".tsv", ".txt")


class Documents:
    """Invoices of all these paths, one after the other."""

    def __init__(self, paths: list[Path], names: Names, home: str) -> None:
        self.names, self.home = names, home
        self.paths = paths
        self.size = sum(size(path) for path in paths)
        self.position = 0

    def __iter__(self) -> Iterator[Entry]:
        for given in self.paths:
            count = 0
            for path in files(given):
                count += 1
                yield from self.entries(path)
                self.position += size_of_file(path)
            if not count:
                yield Entry(str(given), 0, refused=_("the folder is empty"))

    def entries(self, path: Path) -> Iterator[Entry]:
        try:
            head = beginning(path)
            if head.startswith(b"PK\x03\x04") and path.suffix.lower() == ".zip":
                yield from unpacked(path)
            elif looks_like_xml(head) or path.suffix.lower() == ".xml":
                yield document(str(path), path.read_bytes() if path.stat().st_size <= ubl.LARGEST else b" " * (ubl.LARGEST + 1))
            elif path.suffix.lower() in TABLES:
                yield from InvoiceRows(path, self.names, self.home)
            else:
                table.opened(path)
                raise Unreadable(_("it is neither XML, nor a zip, nor CSV"))
        except Unreadable as refusal:
            yield Entry(str(path), refusal.line, refused=refusal.text)
        except OSError as error:
            yield Entry(str(path), 0, refused=_("it cannot be read: {error}", error=error.strerror or ""))


def files(path: Path) -> Iterator[Path]:
    """In the order of their names; what systems put beside them (.DS_Store) is passed over."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, found in os.walk(path):
        folders[:] = sorted(name for name in folders if not hidden(name))
        yield from (Path(folder, name) for name in sorted(found) if not hidden(name))


def hidden(name: str) -> bool:
    return name.rsplit("/", 1)[-1].startswith(".") or name.startswith("__MACOSX")


def size(path: Path) -> int:
    return sum(map(size_of_file, files(path)))


def size_of_file(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def beginning(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(64)


def looks_like_xml(head: bytes) -> bool:
    return (
        head.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\0", b"").lstrip().startswith(b"<")
    )


def unpacked(path: Path) -> Iterator[Entry]:
    """The bytes are counted while they are unpacked: what a zip says of its sizes is not believed."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir() and not hidden(member.filename)]
            if len(members) > MOST_FILES:
                raise Unreadable(_("it has more than {n} files", n=MOST_FILES))
            if not members:
                raise Unreadable(_("the zip is empty"))
            left = MOST_UNPACKED
            for member in members:
                name = f"{path}/{inside(member.filename)}"
                if member.flag_bits & 1:
                    yield Entry(name, 0, refused=_("it is encrypted"))
                    continue
                with archive.open(member) as file:
                    content = file.read(min(left, ubl.LARGEST) + 1)
                if len(content) > left:
                    raise Unreadable(_("it unpacks to more than 20 MB"))
                left -= len(content)
                yield document(name, content)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
        raise Unreadable(_("it is a damaged zip: {error}", error=str(error))) from error


def inside(name: str) -> str:
    """The place in the zip, for people: one line, and it leads nowhere else."""
    return "/".join(part for part in map(cells.text, name.split("/")) if part not in ("", ".", ".."))


def document(file: str, content: bytes) -> Entry:
    entry = Entry(file, 1)
    try:
        if not looks_like_xml(content[:64]):
            raise Unreadable(_("it is no XML"))
        root = ubl.tree(content)
        buyer = ubl.buyer(root)
        shown = {**buyer.said, **written(root)}
        entry = Entry(file, 1, buyer.customer_id, buyer.national_id, shown=shown)
        found = [*rules.broken(root)]
        if found:
            return Entry(file, 1, buyer.customer_id, shown=shown, refused=found[0].text, rules=tuple(one.rule for one in found))
        return Entry(file, 1, buyer.customer_id, buyer.national_id, buyer.said, billed(ubl.document(root)), shown, refused=nameless(buyer))
    except Unreadable as refusal:
        return Entry(file, refusal.line or 1, entry.customer_id, shown=entry.shown, refused=refusal.text)


def nameless(buyer: ubl.Buyer) -> Text | None:
    return None if buyer.customer_id else _("{name} has no number in it that a customer could be known by", name=buyer.said.get("name", ""))


def billed(document: Document) -> Invoice:
    """A document that takes money back, whatever it is called, is to the customer's credit."""
    payable = document.totals.payable
    credit = (document.kind is Kind.CREDIT_NOTE) != (payable.minor < 0)
    kind = Kind.CREDIT_NOTE if credit else Kind.INVOICE
    return Invoice(document.number, kind, document.issued, document.due, payable, None, document)


def written(root: Element) -> dict[str, str]:
    """Of a document that is refused: what stands in it, and nothing more."""
    return {
        "number": said(root, "cbc:ID"),
        "kind": ubl.KINDS[root.tag].value,
        "issue_date": said(root, "cbc:IssueDate"),
        "due_date": said(root, "cbc:DueDate") or said(root, "cac:PaymentMeans/cbc:PaymentDueDate"),
        "currency": said(root, "cbc:DocumentCurrencyCode"),
        "total": said(root, f"{TOTAL}/cbc:PayableAmount"),
        "lines": str(sum(1 for _line in ubl.lines(root))),
    }
