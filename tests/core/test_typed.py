"""What people type: forgiven where it is clear, refused where it is not, and never an error of ours."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from portal.core import typed
from portal.core.errors import Refused

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
STRANGE = (
    "",
    " ",
    "\0",
    "\n",
    "\u202e",
    "٫",
    "½",
    "①",
    "²",
    "🙂",
    "\ud800",
    "+",
    "-",
    "tel:",
    ";ext=1",
    "+972" * 9,
    "9" * 64,
    "9" * 65,
    "9" * 1_000_000,
)
# More than the library forgives: a leading mark or other digits are what a keyboard brings, and the dialling code of a form.
IL = ("IL",)


def verdict(read, text, *more):
    try:
        return read(text, *more)
    except Refused as refused:
        return refused.id


def rows(file: str) -> list[dict[str, str]]:
    path = DATA / file
    if not path.exists():
        pytest.skip(f"real inputs are not beside the project: ../shared/data/{file}")
    with open(path, encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def mobile(text: str) -> str:
    return typed.mobile(text, IL).e164


@pytest.mark.parametrize("read", [typed.code, typed.phone, typed.id_number, typed.amount, mobile])
def test_nothing_that_is_typed_is_an_error_of_ours(read):
    for text in STRANGE:
        verdict(read, text)


def test_mobile_numbers_are_taken_where_an_sms_reaches_them_in_the_countries_listed():
    """As libphonenumber reads them in Israel; landlines and other countries are refused, each with its own word."""
    for row in rows("02-phone-numbers/inputs.csv"):
        if row["default_region"] != "IL":
            verdict(mobile, row["input"])
            continue
        said = verdict(mobile, row["input"])
        good = row["valid"] == "true"
        if good and row["region"] == "IL" and row["type"] in ("MOBILE", "FIXED_LINE_OR_MOBILE"):
            assert said == row["e164"], row
        elif good and row["region"] == "IL":
            assert said == "phone_landline", row
        elif good:
            assert said == "phone_country", row
        else:
            assert said == "phone_form", row


def test_a_number_to_be_called_back_on_may_be_of_any_kind():
    for row in rows("02-phone-numbers/inputs.csv"):
        if row["default_region"] == "IL":
            assert verdict(typed.phone, row["input"]) == (row["e164"] if row["valid"] == "true" else "phone_form"), row


def test_id_numbers_are_as_stdnum_judges_them_once_marks_and_digits_are_plain():
    """Stricter: fewer than five digits are no ID number. More lenient: Arabic-Indic digits, and invisible marks around it."""
    for row in rows("03-national-ids/ids.csv"):
        if row["kind"] != "idnr":
            continue
        said = verdict(typed.id_number, row["input"])
        if row["valid"] == "yes":
            short = sum(c.isdecimal() for c in row["input"]) < 5
            assert said == ("id_form" if short else row["normalized"]), row
        elif row["note"] in ("Arabic-Indic digits", "RLM in front"):
            assert said in ("id_form", typed.id_number(typed.plain(row["input"]))), row
            assert said != "id_form", row
        else:
            assert said == "id_form", row


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("120", "120"),
        ("99.90", "99.90"),
        ("99,90", "99.90"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234", "1234"),
        ("₪120", "120"),
        ("120 ₪", "120"),
        ("\u200f120.00\u00a0₪", "120"),
        ('120 ש"ח', "120"),
        ("120 ש״ח", "120"),
        ("NIS 99.90", "99.90"),
        ("₪ 120 ILS", "120"),
        ("$120", "120"),
        ("١٢٣٫٤٥", "123.45"),
        ("١٬٢٣٤٫٥٠", "1234.50"),
        ("٣٠", "30"),
        ("0", "0"),
    ],
)
def test_an_amount_is_read_as_it_is_meant(text, amount):
    assert typed.amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        "1e9",
        "-1",
        "--5",
        "5-",
        "−5",
        "NaN",
        "inf",
        "0x10",
        "12abc3",
        "1_000",
        "1.2.3",
        "1,2,3",
        "",
        "₪",
        "1 2,3 4,5",
        "½",
        "5$50",
        "1₪000",
        "5 ₪ 50",
        "5nis50",
    ],
)
def test_what_may_be_meant_otherwise_is_no_amount(text):
    assert verdict(typed.amount, text) == "amount_form"
