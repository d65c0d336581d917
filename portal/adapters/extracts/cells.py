"""What one cell of a table says: people, spreadsheets and billing systems write the same thing in many ways.

Each function reads one text and raises Unreadable with the reason. None of them guesses.
"""

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

import phonenumbers
from babel.numbers import is_currency
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType
from stdnum import luhn

from portal.adapters.extracts.entries import Unreadable
from portal.core.languages import Language, _
from portal.core.money import Money, digits

# Marks that steer the direction of text (UAX #9), zero-width characters and the byte order mark: never part of what is said
INVISIBLE = (0x061C, 0x00AD, 0x2060, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
CONTROL = (*range(0x20), *range(0x7F, 0xA1), 0x2028, 0x2029)
CLEAN = {**dict.fromkeys(CONTROL, " "), **dict.fromkeys(INVISIBLE)}

DESTROYED = re.compile(r"#(REF|N/A|VALUE|NAME|DIV/0|NUM|NULL|SPILL)?[!?#]*|\d+([.,]\d+)?E\+?\d+", re.IGNORECASE)
FORMULA_TEXT = re.compile(r'="(.*)"', re.DOTALL)  # ="0001001": how exports keep a spreadsheet from taking off the zeros


def text(cell: str) -> str:
    """One line: control and direction characters gone, blanks single."""
    if not cell.isprintable():  # it is, but for one cell in a thousand
        cell = cell.translate(CLEAN)
    return " ".join(cell.split())


def lines(cell: str) -> str:
    """An address: its line ends stand, the rest as in `text`."""
    return "\n".join(line for part in cell.splitlines() if (line := text(part)))


def code(cell: str) -> str:
    """A number that is a name (of a customer, an invoice): as written, leading zeros and all."""
    said = text(cell)
    if said.startswith("=") and (formula := FORMULA_TEXT.fullmatch(said)):
        said = formula[1].strip()
    said = said.removeprefix("'")
    if destroyed(said):
        raise Unreadable(_("a spreadsheet destroyed the number: {cell}", cell=said))
    return said


def destroyed(said: str) -> bool:
    return bool(DESTROYED.fullmatch(said))


PUNCTUATION = re.compile(r"[\s.\-/]")
ID_DIGITS = re.compile(r"[0-9]{5,9}")


def national_id(cell: str) -> str:
    """Nine digits with the right check digit. Zeros that a spreadsheet took off are put back where the check digit proves it."""
    said = PUNCTUATION.sub("", code(cell).removesuffix(".0"))
    if not said or any(map(str.isalpha, said)):
        return ""  # a passport is no ID number
    if not ID_DIGITS.fullmatch(said) or not luhn.is_valid(said.zfill(9)):
        raise Unreadable(_("the ID number {cell} is not one: its check digit is wrong", cell=said))
    return said.zfill(9)


def as_national_id(customer: str) -> str:
    """The ID number that a customer's number may be; empty where it is none. Billing writes companies' with IL before it."""
    said = customer.removeprefix("IL")
    return said.zfill(9) if ID_DIGITS.fullmatch(said) and luhn.is_valid(said.zfill(9)) else ""


ROUNDED = re.compile(r"972\d*0{6}")  # a spreadsheet that shows 9.72503E+11 saves it so
SEPARATORS = re.compile(r"[,;|\n]|\s/\s|(?<=\d{7})/|\s(?:או|or)\s")


def phone(cell: str) -> str:
    """E.164, of the first number in the cell; empty where there is none."""
    said = code(cell.replace("\n", " ; ")).removesuffix(".0")
    first = next((part for part in SEPARATORS.split(said) if sum(map(str.isdigit, part)) > 5), said)
    if destroyed(first.strip()) or ROUNDED.fullmatch(said):
        raise Unreadable(_("a spreadsheet destroyed the number: {cell}", cell=said))
    return dialled(NOT_DIALLED.sub("", first))


NOT_DIALLED = re.compile(r"[^\d+]")
ISRAELI = re.compile(r"(?:\+?972|0)?(5[0-9]{8})")
# The library's own pattern: most numbers are Israeli mobiles, and asking the library itself takes ten times as long
MOBILE = re.compile(str(PhoneMetadata.metadata_for_region("IL").mobile.national_number_pattern))  # type: ignore[union-attr]


@lru_cache(4096)
def dialled(typed: str) -> str:
    """Israel's where no country is given; empty where nobody can dial it."""
    if (found := ISRAELI.fullmatch(typed)) and MOBILE.fullmatch(found[1]):
        return f"+972{found[1]}"
    try:
        number = phonenumbers.parse(typed, "IL")
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else ""


@lru_cache(4096)
def is_mobile(e164: str) -> bool:
    """It can be texted. North American numbers do not tell."""
    if e164.startswith("+9725") and MOBILE.fullmatch(e164[4:]):
        return True
    kind = phonenumbers.number_type(phonenumbers.parse(e164))
    return kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def email(cell: str) -> str:
    said = text(cell).removeprefix("mailto:")
    return said if re.fullmatch(r"[^\s@]+@[^\s@]+\.[^\s@]+", said) else ""


DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})")
YEAR_FIRST = re.compile(r"(\d{4})[/.\-]?(\d{2})[/.\-]?(\d{2})")
TIME = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+\-]\d{2}:?\d{2})?")
SERIAL = re.compile(r"(\d{5})(\.\d+)?")
SERIAL_ZERO = date(1899, 12, 30)  # counting from here makes up for Excel's 29 February 1900


def day(cell: str) -> date:
    """The day before the month, as in Israel; the year in two digits is of this century; or Excel's count of days."""
    said = text(cell)
    plain = TIME.sub("", said)
    try:
        if serial := SERIAL.fullmatch(plain):
            return SERIAL_ZERO + timedelta(days=int(serial[1]))
        if found := DAY_FIRST.fullmatch(plain):
            return date(int(found[3]) + (2000 if len(found[3]) == 2 else 0), int(found[2]), int(found[1]))
        if found := YEAR_FIRST.fullmatch(plain):
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise Unreadable(_("{cell} is not a date", cell=said))


SIGNS = {"₪": "ILS", "שח": "ILS", "NIS": "ILS", "$": "USD", "€": "EUR", "£": "GBP"}
SIGN = re.compile(r"₪|ש[\"'״׳]{0,2}ח|NIS|[$€£]|[A-Z]{3}", re.IGNORECASE)
NUMBER = re.compile(r"\d+([.,]\d*)?|\d{1,3}(,\d{3})+(\.\d*)?|\d{1,3}(\.\d{3})+(,\d*)?|[.,]\d+", re.ASCII)
ROUTINE = re.compile(r"-?[0-9]{1,12}\.[0-9]{2}")
SIGNED = re.compile(r"\((.+)\)|-(.+)|(.+)-|\+?(.+)")
MOST = 10**15  # minor units; more is a mistake, and no database's integer


@lru_cache(256)
def currency(cell: str) -> str:
    """ISO 4217; empty where there is none."""
    said = re.sub(r"[\"'״׳\s.]", "", text(cell)).upper()
    return SIGNS.get(said, said if is_currency(said) else "")


def sign_of(cell: str) -> str:
    """The currency that an amount is written with."""
    found = SIGN.search(text(cell))
    return currency(found[0]) if found else ""


def amount(cell: str, currency: str, *, comma: bool = False) -> Money:
    """`comma`: the file writes decimals with a comma. 1.234 would be two amounts a thousandfold apart: refused where it may be either."""
    if ROUTINE.fullmatch(cell) and digits(currency) == 2:  # as a program writes it: most of a million rows
        return Money(int(cell.replace(".", "")), currency)
    said = text(cell)
    if not said:
        raise Unreadable(_("there is no amount"))
    bare = SIGN.sub("", unicodedata.normalize("NFKC", said)).replace("\u2212", "-").replace(" ", "").replace("'", "")
    inside = SIGNED.fullmatch(bare)
    negative = bool(inside and not inside[4])
    number = next((part for part in inside.groups() if part), "") if inside else ""
    if not NUMBER.fullmatch(number) or len(number) > 25:
        raise Unreadable(_("{cell} is not an amount", cell=said))
    value = Decimal(plain(number, "," if comma else ".", digits(currency), said))
    money = Money.of(-value if negative else value, currency)
    if abs(money.decimal) != value:
        raise Unreadable(_("{cell} has more decimals than {currency} has", cell=said, currency=currency))
    if abs(money.minor) > MOST:
        raise Unreadable(_("{cell} is more than an amount can be", cell=said))
    return money


def plain(number: str, mark: str, decimals: int, said: str) -> str:
    """With a decimal point, and nothing between thousands."""
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number
    separator = number[last]
    whole, rest = number[:last], number[last + 1 :]
    if number.count(separator) > 1:
        return number.replace(separator, "")
    if len(rest) == 3 and not ("." in whole or "," in whole) and whole.lstrip("0") and decimals != 3:
        if separator == mark:
            raise Unreadable(_("{cell} can be read as two different amounts: write it with its decimals", cell=said))
        return whole + rest
    return f"{whole.replace(',', '').replace('.', '') or '0'}.{rest or '0'}"


LANGUAGES = {"heb": "he", "iw": "he", "עברית": "he", "ara": "ar", "ערבית": "ar", "eng": "en", "אנגלית": "en", "rus": "ru", "רוסית": "ru"}


def language(cell: str) -> str:
    said = text(cell).casefold()
    for name in (said[:2], said[:3], said):
        if name in LANGUAGES or name in list(Language):
            return LANGUAGES.get(name, name)
    return Language.HE.value
