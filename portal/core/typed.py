"""Human typing, forgiven in one place: spaces, dashes, invisible marks, other scripts' digits, a leading 0 or +972."""

import re
import unicodedata
from collections.abc import Collection
from decimal import Decimal, InvalidOperation

import phonenumbers
from phonenumbers import PhoneNumberType
from stdnum.il import idnr

from portal.core.errors import Refused
from portal.core.languages import Phone, _

# U+066B and U+066C part a number that is written in Arabic digits.
ARABIC = str.maketrans("٫٬", ".,")
CURRENCY = r"(\s|¤|nis|ils|ש\W?ח)+"
AROUND = re.compile(rf"(?i)^{CURRENCY}|{CURRENCY}$|\s")
# A code or a number never needs more; whatever is longer is refused before it is looked at.
LONGEST = 64
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def plain(text: str) -> str:
    """ASCII digits, one kind of dash, and none of the invisible marks that keyboards and copying bring."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return "".join(_plain(c) for c in text.strip()).strip()


def _plain(c: str) -> str:
    kind = unicodedata.category(c)
    if kind == "Nd":
        return str(unicodedata.digit(c))
    if kind in ("Cf", "Cc"):
        return ""
    if kind == "Pd" or c == "־":  # the Hebrew maqaf
        return "-"
    return " " if kind == "Zs" else c


def code(text: str) -> str:
    """Six ASCII digits."""
    if len(text) <= LONGEST:
        digits = re.sub(r"[ -]", "", plain(text))
        if re.fullmatch(r"[0-9]{6}", digits):
            return digits
    raise Refused("code_form", _("The code is six digits. Look for it in the last SMS we sent."), "code")


def mobile(text: str, countries: Collection[str]) -> Phone:
    """Refuses what no SMS reaches, and countries the company does not send to; says nothing of customers."""
    number, kind = _number(text)
    if phonenumbers.region_code_for_number(number) not in countries:
        raise Refused("phone_country", _("We cannot send codes to numbers abroad. You can identify with your ID number."), "phone")
    if kind not in MOBILE:
        raise Refused("phone_landline", _("A landline cannot get an SMS. Type a mobile number, or use your ID number."), "phone")
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), number)


def phone(text: str) -> str:
    """E.164, of any kind and country: to be called back on."""
    number, _kind = _number(text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _number(text: str) -> tuple[phonenumbers.PhoneNumber, int]:
    """The number and its kind, which only a valid one has."""
    refused = Refused("phone_form", _("This is not a phone number. Type it like 050-234-5678."), "phone")
    if len(text) > LONGEST:
        raise refused
    try:
        number = phonenumbers.parse(plain(text), "IL")
    except phonenumbers.NumberParseException as error:
        raise refused from error
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        raise refused
    return number, kind


def id_number(text: str) -> str:
    """Nine digits with a right check digit (python-stdnum il.idnr); shorter ones get their zeros back."""
    digits = re.sub(r"[ -]", "", plain(text)) if len(text) <= LONGEST else ""
    if not re.fullmatch(r"[0-9]{5,9}", digits) or not idnr.is_valid(digits):
        raise Refused("id_form", _("This is not an ID number: nine digits, with the last one after the dash."), "id_number")
    return str(idnr.validate(digits))


def folded(number: str) -> str:
    """A bill's number without what people leave out, add or change when they type it: the same for each of them."""
    return re.sub(r"\s", "", plain(number)).casefold()


def bill_number(text: str) -> str:
    """As printed, where nobody can be asked whether there is such a bill: letters, digits and what bills part them with."""
    number = re.sub(r"\s", "", plain(text)) if len(text) <= LONGEST else ""
    if not re.fullmatch(r"[\w./#-]{3,40}", number) or not re.search(r"[0-9]", number):
        no_number = _("This is not the number of a bill. Type it as it is printed on the bill. No money was taken.")
        raise Refused("number_form", no_number, "number")
    return number


def amount(text: str) -> Decimal:
    """A positive amount with a point or a comma for the fraction, with or without a currency sign."""
    refused = Refused("amount_form", _("Type an amount in digits, like 120 or 99.90. No money was taken."), "amount")
    said = _without_currency(plain(text).translate(ARABIC)) if len(text) <= LONGEST else ""
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+(\.\d+)?", said):
        said = said.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(\.\d{3})+,\d+|\d+,\d{1,2}", said):
        said = said.replace(".", "").replace(",", ".")
    else:
        raise refused
    try:
        return Decimal(said)
    except InvalidOperation as error:
        raise refused from error


def _without_currency(text: str) -> str:
    """The sign or the short name may stand at either end; between digits nothing may, or 5$50 would be 550."""
    return AROUND.sub("", "".join("¤" if unicodedata.category(c) == "Sc" else c for c in text))
