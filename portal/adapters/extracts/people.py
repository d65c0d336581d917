"""Who a row says the customer is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portal.adapters.extracts import cells
from portal.adapters.extracts.headings import TELEPHONES, Columns
from portal.core.languages import Text, _

Cell = Callable[[str], str]

NAMES = ("name", "first_name", "last_name", "company")
PLACES = ("address", "postal_code", "city", "state", "country")


@dataclass(frozen=True, slots=True)
class Person:
    """`said`: the columns of the customer that the table has; the others stay as they are."""

    said: dict[str, str]
    shown: dict[str, str]
    note: Text | None

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(self.said.values())


def person(columns: Columns, row: Sequence[str]) -> Person:
    said: dict[str, str] = {}
    useless: list[str] = []

    def cell(field: str) -> str:
        return columns.cell(row, field)

    def kept(field: str, value: str) -> str:
        """What is in the cell and cannot be used is told, not dropped in silence."""
        if not value and cell(field).strip():
            useless.append(cells.text(cell(field)))
        return value

    if any(field in columns.at for field in NAMES):
        said["name"] = name(cell)
    if "national_id" in columns.at:
        said["national_id"] = kept("national_id", cells.national_id(cell("national_id")))
    if any(field in columns.at for field in TELEPHONES):
        said |= telephones([number for field in TELEPHONES if field in columns.at and (number := kept(field, cells.phone(cell(field))))])
    if "email" in columns.at:
        said["email"] = kept("email", cells.email(cell("email")))
    if any(field in columns.at for field in PLACES):
        said["address"] = address(cell)
    if "language" in columns.at:
        said["language"] = cells.language(cell("language"))
    note = _("kept without what cannot be used: {cells}", cells="; ".join(useless)) if useless else None
    return Person(said, {**said, "phone": said.get("mobile") or said.get("other_phone") or ""}, note)


def telephones(numbers: list[str]) -> dict[str, str]:
    """The first that can be texted is the mobile; the first of the rest is the other one."""
    mobile = next(filter(cells.is_mobile, numbers), "")
    return {"mobile": mobile, "other_phone": next((number for number in numbers if number != mobile), "")}


def name(cell: Cell) -> str:
    whole = readable(cells.text(cell("name")))
    parts = " ".join(filter(None, (readable(cells.text(cell(field))) for field in ("first_name", "last_name"))))
    return whole or parts or readable(cells.text(cell("company")))


def address(cell: Cell) -> str:
    """As written; where towns have columns of their own, the town and the country each on a line."""
    town = " ".join(filter(None, (readable(cells.text(cell(field))) for field in ("postal_code", "city", "state"))))
    return "\n".join(filter(None, (readable(cells.lines(cell("address"))), town, readable(cells.text(cell("country"))))))


def readable(said: str) -> str:
    return "" if said.startswith("#") and cells.destroyed(said) else said
