"""Tables as Excel and billing systems write them."""

import csv
import tracemalloc

import pytest

from portal.adapters.extracts.entries import Status, Unreadable, as_json
from portal.adapters.extracts.headings import Names, names
from portal.adapters.extracts.rows import CustomerRows, InvoiceRows
from tests.adapters.extracts.samples import HEADING, ROW, data, row, table

COLUMNS = {
    "customer_id": "customer_id", "name": "name", "national_id": "national_id", "phone": "phone_e164", "email": "email",
    "number": "invoice_no",
    "issue_date": "issue_date", "due_date": "due_date", "total": "amount", "balance": "balance", "currency": "currency",
}  # fmt: skip


def read(path, added=None):
    return list(CustomerRows(path, added or Names(), "ILS"))


def shown(entry):
    return as_json(entry, Status.ADDED, "") | {"address": entry.shown.get("address", "")}


@pytest.mark.parametrize(
    "name", ["synthetic-1-excel-cp1255-comma", "synthetic-2-excel-utf8bom-comma", "synthetic-3-semicolon-decimalcomma-cp1255"]
)
def test_an_export_says_what_is_expected_of_it_in_every_column(name):
    folder = data("07-customer-csv")
    with open(folder / "synthetic-expected.csv", encoding="utf-8-sig", newline="") as file:
        expected = [one for one in csv.DictReader(file) if one["file"] == f"{name}.csv"]
    said = [shown(entry) for entry in read(folder / f"{name}.csv")]
    assert len(said) == len(expected) == 60
    for one, other in zip(said, expected, strict=True):
        assert {ours: one[ours] for ours in COLUMNS} == {ours: other[theirs] for ours, theirs in COLUMNS.items()}
        assert one["address"] == other["address"]


def test_unicode_text_as_excel_saves_it(tmp_path):
    path = table(
        tmp_path / "4.txt", ROW, row(customer_id="0001002", total="(150.00)", balance="-150.00"), encoding="utf-16", delimiter="\t"
    )
    one, two = map(shown, read(path))
    assert (one["customer_id"], one["name"], one["total"], one["balance"]) == ("0001001", "נועה כהן", "1234.50", "34.50")
    assert (two["total"], two["kind"]) == ("-150.00", "credit_note")


def test_titles_totals_and_what_a_spreadsheet_did(tmp_path):
    path = table(
        tmp_path / "5.csv",
        row(national_id="80220700", phone="522001013", issue_date="46183", due_date="46197"),
        row(customer_id="2", phone="052-2001014 / 03-6123456"),
        [""] * 12,
        row(customer_id="3", national_id="#REF!"),
        row(customer_id="4", phone="9.72522E+11"),
        ['סה"כ', *[""] * 8, "4,938.00", "", ""],
        encoding="utf-8",
        above='דו"ח חייבים\r\nהופק: 22/11/2026\r\n',
    )  # fmt: skip
    kept, two, damaged, broken = read(path)
    assert (kept.line, two.line, damaged.line, broken.line) == (4, 5, 7, 8)
    assert shown(kept) | {"national_id": "080220700", "phone": "+972522001013", "issue_date": "2026-06-10"} == shown(kept)
    assert shown(two)["phone"] == "+972522001014"
    assert damaged.refused and "#REF!" in damaged.refused.values["cell"]
    assert broken.refused and "9.72522E+11" in broken.refused.values["cell"]
    assert [damaged.customer_id, broken.customer_id] == ["3", "4"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1255"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters_are_found(tmp_path, encoding, delimiter):
    many = [row(customer_id=str(n), total="34.50") for n in range(100)]
    said = read(table(tmp_path / "c.csv", *many, encoding=encoding, delimiter=delimiter))
    assert [(entry.customer_id, entry.shown["name"]) for entry in said] == [(str(n), "נועה כהן") for n in range(100)]


def test_hebrew_that_begins_late_is_still_hebrew(tmp_path):
    plain = [row(customer_id=str(n), name="Dana", address="Haifa", currency="ILS") for n in range(3_000)]
    path = table(
        tmp_path / "c.csv", *plain, row(customer_id="last"), heading=[*list(COLUMNS)[:5], "address", *list(COLUMNS)[5:]], encoding="cp1255"
    )
    assert read(path)[-1].shown["name"] == "נועה כהן"


def test_accents_are_not_taken_for_hebrew(tmp_path):
    path = table(tmp_path / "c.csv", ["3", "François Tremblay, Montréal"], heading=["customer_id", "name"], encoding="cp1252")
    assert read(path)[0].shown["name"] == "François Tremblay, Montréal"


def test_headings_of_their_own_are_mapped(tmp_path):
    (tmp_path / "columns.toml").write_text('customer_id = "Kundennr."\nname = "Wer"\n', encoding="utf-8")
    path = table(tmp_path / "c.csv", ["7", "Dana"], heading=["Wer?", "x"], above="Kundennr;Wer\n7;Dana\n")
    first = read(path, names(tmp_path / "columns.toml"))[0]
    assert (first.customer_id, first.shown["name"]) == ("7", "Dana")
    (tmp_path / "wrong.toml").write_text('customer = "Kundennr."', encoding="utf-8")
    with pytest.raises(Unreadable):
        names(tmp_path / "wrong.toml")


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        ("סכום", 'סה"כ לתשלום', "total"), ("amount", "Amount due", "total"), ("total", "amount_due", "total"),
        ("date", "invoice_date", "issue_date"),
    ],
)  # fmt: skip
def test_two_headings_of_one_field_are_not_chosen_between(tmp_path, one, other, field):
    path = table(tmp_path / "c.csv", ["7", "118.00", "18.00", "0.00"], heading=["customer_id", one, "vat", other], above="Debtors\n")
    with pytest.raises(Unreadable) as refusal:
        read(path)
    assert refusal.value.text.values == {"one": one, "other": other, "field": field}
    assert refusal.value.line == 2


@pytest.mark.parametrize(("one", "other"), [("Phone", "phone"), ("phone number", "telephone")])
def test_of_two_telephones_the_first_is_taken(tmp_path, one, other):
    said = read(table(tmp_path / "c.csv", ["7", "0502345678", "0502345679"], heading=["customer_id", one, other]))
    assert said[0].customer
    assert said[0].customer["mobile"] == "+972502345678"


def test_a_field_of_its_own_name_is_meant(tmp_path):
    heading = ["customer_id", "date", "amount", "vat", "issue_date", "number", "total"]
    said = read(table(tmp_path / "c.csv", ["7", "1/1/2020", "100.00", "18.00", "2026-06-10", "INV-1", "118.00"], heading=heading))
    assert (shown(said[0])["total"], shown(said[0])["issue_date"]) == ("118.00", "2026-06-10")


def test_columns_choose_between_two_headings(tmp_path):
    (tmp_path / "columns.toml").write_text('total = "amount"\nbalance = "amount_due"\n', encoding="utf-8")
    heading = ["customer_id", "number", "date", "amount", "sum", "amount_due"]
    path = table(tmp_path / "c.csv", ["7", "INV-1", "2026-06-10", "118.00", "100.00", "18.00"], heading=heading)
    said = shown(read(path, names(tmp_path / "columns.toml"))[0])
    assert (said["total"], said["balance"]) == ("118.00", "18.00")


def test_the_invoices_of_a_system_that_says_issue_in_hebrew_are_read(tmp_path):
    heading = ["מספר לקוח", "שם", "טלפון נייד", "מספר חשבונית", "תאריך הנפקה", "תאריך לתשלום", "סכום", "יתרה"]
    path = table(tmp_path / "c.csv", ["7", "Dana", "0502345678", "INV-1", "10/06/2026", "24/06/2026", "118.00", "18.00"], heading=heading)
    said = shown(read(path)[0])
    assert [said[field] for field in ("number", "issue_date", "due_date", "total", "balance")] == [
        "INV-1", "2026-06-10", "2026-06-24", "118.00", "18.00"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "absent"),
    [(["invoice_no", "due_date", "amount", "balance"], "issue_date"), (["number", "due_date", "amount", "balance"], "issue_date"),
     (["date", "amount"], "number"), (["invoice_date", "gross"], "number, total"), (["מספר חשבונית", "ברוטו"], "issue_date, total")],
)  # fmt: skip
def test_customers_whose_invoices_cannot_be_read_whole_are_refused_by_the_absent_column(tmp_path, heading, absent):
    path = table(tmp_path / "c.csv", ["7", "Dana", *"1" * len(heading)], heading=["customer_id", "name", *heading])
    with pytest.raises(Unreadable) as refusal:
        read(path)
    assert refusal.value.text.values["fields"] == absent


@pytest.mark.parametrize("heading", [["balance"], ["amount"], ["amount due", "due date"], ["date", "balance"], ["street", "number"]])
def test_what_may_stand_beside_a_customer_is_no_invoice(tmp_path, heading):
    path = table(tmp_path / "c.csv", ["7", "Dana", *"1" * len(heading)], heading=["customer_id", "name", *heading])
    (said,) = read(path)
    assert said.customer
    assert not said.invoice
    assert not said.refused


@pytest.mark.parametrize(
    ("columns", "absent"),
    [('due_date = "BisXX"', 'due_date = "BisXX"'), ('due_date = "Bis"\nbalance = "Bis"', 'due_date = "Bis"'), ('name = ""', 'name = ""')],
    ids=["misspelt", "twice", "empty"],
)
def test_a_heading_that_columns_name_and_that_is_not_in_the_file_is_refused(tmp_path, columns, absent):
    (tmp_path / "columns.toml").write_text(columns, encoding="utf-8")
    heading = ["customer_id", "number", "issue_date", "due_date", "total", "Bis"]
    path = table(tmp_path / "c.csv", ["7", "INV-1", "2026-06-10", "2026-06-24", "118.00", "2026-06-30"], heading=heading)
    with pytest.raises(Unreadable) as refusal:
        read(path, names(tmp_path / "columns.toml"))
    assert refusal.value.text.values == {"fields": absent, "headings": ", ".join(heading)}
    assert refusal.value.line == 1


def test_customers_of_24_countries_keep_what_can_be_dialled():
    said = read(data("07-customer-csv") / "chinook-customers.csv")
    assert said and not any(entry.refused for entry in said)
    assert [entry.line for entry in said if entry.note] == [6, 42, 43]
    first = said[0]
    assert first.customer == {
        "name": "François Tremblay", "mobile": "+15147214711", "other_phone": "", "email": "ftremblay@gmail.com",
        "address": "1498 rue Bélanger\nH2G 1A7 Montréal QC\nCanada",
    }  # fmt: skip


def test_invoices_without_a_currency_are_in_the_companys():
    path = data("07-customer-csv") / "chinook-invoices.csv"
    with open(path, newline="", encoding="utf-8") as file:
        expected = [(one["customer_id"], one["invoice_id"], one["invoicedate"][:10], one["total"]) for one in csv.DictReader(file)]
    said = [as_json(entry, Status.ADDED, "") for entry in InvoiceRows(path, Names(), "USD")]
    assert [(one["customer_id"], one["number"], one["issue_date"], one["total"]) for one in said] == expected
    assert {one["currency"] for one in said} == {"USD"}


def test_a_landline_is_no_mobile(tmp_path):
    path = table(tmp_path / "c.csv", ["1", "03-6123456"], ["2", "03-6123456 "], heading=["customer_id", "phone"])
    assert read(path)[0].customer == {"mobile": "", "other_phone": "+97236123456"}


def test_the_first_row_of_a_customer_says_who_it_is(tmp_path):
    path = table(tmp_path / "c.csv", ROW, row(name="אחרת", number="INV-2"))
    first, second = read(path)
    assert first.customer and first.customer["name"] == "נועה כהן"
    assert second.customer is None
    assert second.invoice and second.invoice.number == "INV-2"
    assert second.note


def test_one_bad_row_does_not_take_its_neighbours(tmp_path):
    path = table(
        tmp_path / "c.csv", ROW, row(customer_id="", number="X"), row(total="many"), [*ROW, "shifted"], row(customer_id="9", number="INV-9")
    )
    assert [bool(entry.refused) for entry in read(path)] == [False, True, True, True, False]
    assert [entry.line for entry in read(path)] == [2, 3, 4, 5, 6]


def test_a_quotation_mark_nobody_closes_costs_no_more_than_its_rows(tmp_path):
    path = table(tmp_path / "c.csv", ROW)
    lines = path.read_bytes().decode("utf-8-sig").splitlines(keepends=True)
    after = "".join(lines[1].replace("0001001", str(n)) for n in range(300))
    path.write_text(lines[0] + '5,"דנה' + lines[1] + after, encoding="utf-8")
    said = read(path)
    assert said[0].refused and said[0].line == 2
    assert len(said) < 310


@pytest.mark.parametrize(
    ("fifth", "seventh", "refused"),
    [('5,"Name 5', "7,Name 7", 6), ('5,"Name 5', '7,"Name 7"', 6), ('"5","Name 5', '"7","Name 7"', 6), ('5,"Name 5', '7,Name 7"', 6)],
)
def test_a_quotation_mark_nobody_closes_swallows_no_rows_in_silence(tmp_path, fifth, seventh, refused):
    rows = [f"{n},Name {n}" for n in range(1, 41)]
    rows[4], rows[6] = fifth, seventh
    (tmp_path / "c.csv").write_text("\n".join(["customer_id,name", *rows, ""]), encoding="utf-8")
    said = read(tmp_path / "c.csv")
    assert [entry.line for entry in said if entry.refused] == [refused]


def test_a_last_line_without_its_end_may_have_marks_inside(tmp_path):
    (tmp_path / "c.csv").write_text('customer_id,name\n5,"Dana "D" Cohen"', encoding="utf-8")
    assert [entry.refused for entry in read(tmp_path / "c.csv")] == [None]


def test_a_closed_cell_of_several_lines_is_read(tmp_path):
    path = table(
        tmp_path / "c.csv", ["5", 'Dana "D"\nCohen', "Rehov 1,\nHaifa"], ["6", "Noa", ""], heading=["customer_id", "name", "address"]
    )
    said = read(path)
    assert [entry.refused for entry in said] == [None, None]
    assert said[0].customer and said[0].customer["address"] == "Rehov 1,\nHaifa"


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xd8\xff\xe0 JFIF" + bytes(range(256)) * 9, b"\x89PNG\r\n\x1a\n" + bytes(99), b"PK\x03\x04" + bytes(99),
    bytes(range(256)) * 50,
     b"%PDF-1.7\n", "\ufeff".encode(), b"\n\n\n", "שלום,עולם\n".encode("cp1255"), b"\xd0\xcf\x11\xe0" + bytes(99), b"\0" * 500, b'"' * 999],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "IMG_0001.csv"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as refusal:
        read(path)
    assert refusal.value.text.id


def test_a_table_of_no_customers_says_which_headings_it_has():
    with pytest.raises(Unreadable) as refusal:
        read(data("07-customer-csv") / "ibm-telco-churn-sample.csv")
    assert "senior_citizen" in str(refusal.value.text.values["headings"])


def test_a_long_table_is_never_held(tmp_path):
    many = (row(customer_id=str(n % 100), number=f"INV-{n}") for n in range(5_000))
    path = table(tmp_path / "c.csv", *many, heading=HEADING)
    tracemalloc.start()
    assert sum(1 for _entry in CustomerRows(path, Names(), "ILS")) == 5_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size
