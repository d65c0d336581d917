"""What one cell of a table says, and what nobody can know of it."""

from datetime import date
from decimal import Decimal

import pytest

from portal.adapters.extracts import cells
from portal.adapters.extracts.entries import Unreadable


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("845.97", "845.97"), ("1,234.50", "1234.50"), ("1.234,50", "1234.50"), ("99,999.99", "99999.99"), ("173,10", "173.10"),
        ("₪701.09", "701.09"), ('350.00 ש"ח', "350.00"), ("350 שח", "350"), ("NIS 12.5", "12.5"), ("(150,00)", "-150"), ("150,00-", "-150"),
        ("-150.00", "-150"), ("\u200e-150.00\u200e", "-150"), ("\u2212150.00", "-150"), ("1,234,567.89", "1234567.89"),
        ("1,234", "1234"), ("0", "0"), (" 12 . 5 ", "12.5"), ("\u202a1,000.00\u202c", "1000"), ("1 234.50", "1234.50"), (".5", "0.5"),
    ],
)  # fmt: skip
def test_an_amount_is_read_however_it_is_written(cell, said):
    assert cells.amount(cell, "ILS").decimal == Decimal(said)


@pytest.mark.parametrize("cell", ["", "abc", "#REF!", "1.2E+05", "1.2.3", "12,34,56", "--5", "NaN", "9" * 30, "12.345", "0.125", "1,2345"])
def test_an_amount_that_is_none_is_refused(cell):
    with pytest.raises(Unreadable):
        cells.amount(cell, "ILS")


def test_an_amount_that_is_missing_is_said_to_be():
    with pytest.raises(Unreadable, match="there is no amount"):
        cells.amount(" ", "ILS")


def test_an_amount_that_can_be_two_is_refused_rather_than_guessed():
    """A thousandfold apart: 1.234 with a decimal point, and 1,234 where decimals have a comma."""
    for cell, comma in (("1.234", False), ("118.000", False), ("1,234", True)):
        with pytest.raises(Unreadable):
            cells.amount(cell, "ILS", comma=comma)
    assert cells.amount("1.234", "ILS", comma=True).minor == 123400


def test_a_currency_has_the_decimals_it_has():
    assert cells.amount("1.234", "JOD").minor == 1234
    assert cells.amount("500", "JPY").minor == 500
    with pytest.raises(Unreadable):
        cells.amount("500.5", "JPY")


@pytest.mark.parametrize(
    "cell",
    ["2026-03-09", "2026-03-09T00:00:00Z", "2026-03-09 00:00:00", "09/03/2026", "9/3/2026", "09.03.26", "09-03-2026", "46090",
    "46090.5", "20260309",
     "\u200f09/03/2026\u200f", "2026/03/09"],
)  # fmt: skip
def test_a_date_is_read_however_it_is_written(cell):
    assert cells.day(cell) == date(2026, 3, 9)


@pytest.mark.parametrize("cell", ["", "10/23/2026", "31/02/2026", "soon", "2026", "#VALUE!", "1/2"])
def test_a_date_that_is_none_is_refused(cell):
    with pytest.raises(Unreadable):
        cells.day(cell)


@pytest.mark.parametrize(
    ("cell", "e164"),
    [
        ("058-3001001", "+972583001001"), ("0583003003", "+972583003003"), ("583003003", "+972583003003"),
        ("+972542002001", "+972542002001"),
        ("972542002001", "+972542002001"), ("054-2002001 / 03-6123456", "+972542002001"), ("054-2002001, 050-2345678", "+972542002001"),
        ("0542002001\n0502345678", "+972542002001"), ("054-2002001 או 050-2345678", "+972542002001"),
        ("0542002001/0502345678", "+972542002001"),
        ("\u202a054-200-2001\u202c", "+972542002001"), ('="0542002001"', "+972542002001"), ("542002001.0", "+972542002001"),
        ("03-6123456", "+97236123456"), ("+1 (514) 721-4711", "+15147214711"), ("נייד: 054-2002001", "+972542002001"),
        ("", ""), ("אין", ""), ("12", ""), ("+453 3331 9991", ""), ("050-2000000", "+972502000000"),
    ],
)  # fmt: skip
def test_a_phone_is_the_first_in_its_cell(cell, e164):
    assert cells.phone(cell) == e164


@pytest.mark.parametrize("cell", ["9.72503E+11", "9.72503E+011", "#REF!", "####", "972503000000", "#N/A"])
def test_a_phone_that_a_spreadsheet_destroyed_is_refused(cell):
    with pytest.raises(Unreadable):
        cells.phone(cell)


@pytest.mark.parametrize(
    ("cell", "number"),
    [("079270427", "079270427"), ("79270427", "079270427"), ("07927042-7", "079270427"), ("18", None), ("", ""), ("AB123456", ""),
     ("123456789", None), ("#REF!", None), ("7.927E+07", None), ("1234567890", None), ("79270427.0", "079270427")],
)  # fmt: skip
def test_an_id_number_gets_its_zeros_back_where_the_check_digit_proves_it(cell, number):
    if number is None:
        with pytest.raises(Unreadable):
            cells.national_id(cell)
    else:
        assert cells.national_id(cell) == number


def test_a_customer_number_keeps_its_zeros():
    assert [cells.code(cell) for cell in (" 0001001 ", '="0001001"', "'0001001", "\u200f0001001")] == ["0001001"] * 4


def test_names_lose_what_steers_and_keep_what_looks_like_a_formula():
    assert cells.text("\u202eדנה\u202c\u200b כהן\r\n\x07 לוי") == "דנה כהן לוי"
    assert cells.text("=1+1") == "=1+1"
    assert cells.text("<b hx-get=/x>{{7*7}}") == "<b hx-get=/x>{{7*7}}"
    assert cells.lines("רח' הגפן 1\r\n\u200fחיפה\n") == "רח' הגפן 1\nחיפה"
