"""Which column is what: headings in Hebrew and English as billing systems write them, or as `--columns` names them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from portal.adapters.extracts import cells
from portal.adapters.extracts.entries import Unreadable
from portal.core.languages import Text, _

ALIASES = {
    "customer_id": "customer id, customer no, customer number, client id, client number, account id, account no, "
    "account number, subscriber, subscriber id, מספר לקוח, מס לקוח, קוד לקוח, מספר מנוי, מס מנוי, מספר חשבון לקוח, מזהה לקוח",
    "name": "name, customer name, client name, full name, account name, שם לקוח, שם הלקוח, שם, שם מלא, שם לקוח מלא",
    "first_name": "first name, given name, שם פרטי",
    "last_name": "last name, family name, surname, שם משפחה",
    "company": "company, company name, organisation, organization, שם חברה, חברה",
    "national_id": "national id, id number, identity number, tz, teudat zehut, company number, tax id, vat number, תז, תז חפ, תז/חפ, חפ, "
    "תעודת זהות, מספר זהות, מספר תעודת זהות, מס זהות, חפ תז, עוסק מורשה, מספר מזהה",
    "mobile": "mobile, mobile phone, mobile number, cell, cell phone, cellular, טלפון נייד, נייד, סלולרי, טלפון סלולרי, פלאפון, מספר נייד",
    "phone": "phone, phone number, phone e164, telephone, tel, טלפון, מספר טלפון, טל, טלפון 1, phone 1",
    "other_phone": "other phone, phone 2, second phone, home phone, work phone, טלפון נוסף, טלפון 2, טלפון בבית, טלפון בית",
    "email": "email, e mail, email address, mail, דואל, דואר אלקטרוני, אימייל, מייל, כתובת מייל, כתובת דואל",
    "address": "address, street, street address, כתובת, כתובת מלאה, רחוב",
    "city": "city, town, עיר, יישוב, ישוב",
    "postal_code": "postal code, post code, zip, zip code, מיקוד",
    "state": "state, province, region",
    "country": "country, ארץ, מדינה",
    "language": "language, lang, שפה",
    "number": "number, invoice no, invoice number, invoice id, invoice, document number, bill number, מספר חשבונית, מס חשבונית, חשבונית, "
    "מספר מסמך, מס מסמך",
    "issue_date": "issue date, issued, invoice date, date, document date, bill date, תאריך חשבונית, תאריך, תאריך מסמך, "
    "תאריך הפקה, תאריך הנפקה, תאריך החשבונית",
    "due_date": "due date, due, payment date, pay by, תאריך פירעון, תאריך פרעון, לתשלום עד, מועד תשלום, תאריך תשלום, תאריך לתשלום, פירעון",
    "currency": "currency, currency code, מטבע, סוג מטבע",
    "total": "total, amount, invoice total, total amount, amount due, sum, סכום לתשלום, סכום, סהכ, סהכ לתשלום, סכום חשבונית, סך הכל",
    "balance": "balance, open, open amount, open balance, outstanding, amount open, יתרה, יתרה לתשלום, יתרת חוב, יתרה פתוחה",
}
FIELDS = {"".join(filter(str.isalnum, said)): field for field, names in ALIASES.items() for said in names.split(", ")}

# Beside another amount it may be the total, or what is still open of it
TO_PAY = {"amountdue", "סכוםלתשלום", "סהכלתשלום"}

# May head what is no invoice's: a house number, the day that somebody became a customer
VAGUE = {"number", "date", "תאריך"}
INVOICE = ("number", "issue_date", "total")

TELEPHONES = ("mobile", "phone", "other_phone")

# How far down a heading may be: exports put a title and a date above it
HIGHEST_TITLE = 20


@dataclass(frozen=True, slots=True)
class Columns:
    """Position of each field in a row. `problem`: a heading named by `--columns` is not there, or two could be one field."""

    at: Mapping[str, int]
    width: int
    headings: tuple[str, ...] = ()
    problem: Text | None = None

    def cell(self, row: Sequence[str], field: str) -> str:
        position = self.at.get(field)
        return row[position] if position is not None and position < len(row) else ""

    @property
    def means_invoices(self) -> bool:
        """By their numbers or their dates; what is owed in all may stand beside a customer too."""
        said = {folded(self.headings[self.at[field]]) for field in ("number", "issue_date") if field in self.at}
        return bool(said - VAGUE) or (bool(said) and sum(field in self.at for field in (*INVOICE, "due_date")) > 1)


@dataclass(frozen=True)
class Names:
    """Headings that we know, and those that `--columns FILE.toml` adds: `customer_id = "Heading in the file"`."""

    said: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def added(self) -> dict[str, str]:
        return {folded(heading): field for field, heading in self.said.items()}

    def columns(self, row: Sequence[str]) -> Columns:
        claims: dict[str, dict[int, str]] = {}
        for position, heading in enumerate(map(folded, row)):
            if known := self.added.get(heading) or FIELDS.get(heading):
                claims.setdefault(known, {})[position] = heading
        found = {field: self._likeliest(field, headings) for field, headings in claims.items()}
        headings = tuple(cells.text(cell) for cell in row)
        problem = self._absent(claims, headings) or unclear(found, headings)
        return Columns({field: at[0] for field, at in found.items()}, len(row), headings, problem)

    def _absent(self, claims: Mapping[str, Mapping[int, str]], headings: Sequence[str]) -> Text | None:
        """Another column, or none, would be taken for one that somebody has named."""
        absent = [field for field, heading in self.said.items() if folded(heading) not in claims.get(field, {}).values()]
        return no_column([f'{field} = "{self.said[field]}"' for field in absent], headings) if absent else None

    def _likeliest(self, field: str, headings: Mapping[int, str]) -> list[int]:
        """Which --columns names, else what is called as the field is. Of two telephones the first is taken, as in a cell."""
        named = [at for at, heading in headings.items() if heading in self.added]
        own = [at for at, heading in headings.items() if heading == folded(field) and TO_PAY.isdisjoint(headings.values())]
        likeliest = named or own or list(headings)
        return likeliest[:1] if field in TELEPHONES else likeliest


def no_column(fields: Sequence[str], headings: Sequence[str]) -> Text:
    return _(
        "there is no column of {fields} among {headings}; name it with --columns FILE.toml",
        fields=", ".join(fields),
        headings=", ".join(filter(None, headings)),
    )


def unclear(found: Mapping[str, Sequence[int]], headings: Sequence[str]) -> Text | None:
    for name, at in found.items():
        if len(at) > 1:
            return _(
                "{one} and {other} could both be {field}: name the right one with --columns FILE.toml",
                one=headings[at[0]],
                other=headings[at[1]],
                field=name,
            )
    return None


def folded(heading: str) -> str:
    """Letters and digits alone: `ת"ז / ח.פ.` is תזחפ, `Customer_ID` is customerid."""
    return "".join(c for c in cells.text(heading).casefold() if c.isalnum())


def names(path: Path | None) -> Names:
    if path is None:
        return Names()
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _unreadable(path, error.strerror or "") from error
    except ValueError as error:
        raise _unreadable(path, str(error)) from error
    said = said.get("columns", said)
    unknown = [field for field in said if field not in ALIASES]
    if unknown or not all(isinstance(heading, str) for heading in said.values()):
        raise Unreadable(_('{file}: write FIELD = "heading"; the fields are {fields}', file=str(path), fields=", ".join(ALIASES)))
    return Names(said)


def _unreadable(path: Path, why: str) -> Unreadable:
    return Unreadable(_("{file} cannot be read: {error}", file=str(path), error=why))
