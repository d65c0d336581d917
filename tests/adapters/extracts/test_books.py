"""What an import leaves in the database, on both kinds of it."""

import dataclasses
import zipfile
from datetime import date
from threading import Thread

import pytest
from sqlmodel import col, select

from portal.adapters.extracts.books import BATCH, Books
from portal.adapters.extracts.entries import Entry, Invoice, Status
from portal.adapters.extracts.headings import Names
from portal.adapters.extracts.packages import Documents
from portal.adapters.extracts.rows import CustomerRows, InvoiceRows
from portal.core import links
from portal.core.case import Proof
from portal.core.documents import Kind
from portal.core.events import Origin
from portal.core.languages import Language
from portal.core.ledger import APPEND, append, hold
from portal.core.ledger import Entry as LedgerEntry
from portal.core.money import Money
from portal.core.papers_codec import DOCUMENTS
from portal.core.statements import Statement, insert, now, p
from portal.core.tables import Challenge, Customer, Ledger, Link, Visit
from portal.core.tables import Invoice as InvoiceRow
from tests.adapters.extracts.samples import credit_note, data, invoice, row, table

CUSTOMERS = Statement(select(Customer).order_by(col(Customer.customer_id)))
INVOICES = Statement(select(InvoiceRow).order_by(col(InvoiceRow.customer_id), col(InvoiceRow.number)))
LEDGER = Statement(select(Ledger).order_by(col(Ledger.id)))
VISITS = Statement(select(Visit))
CHALLENGES = Statement(select(Challenge))
LINKS = Statement(select(Link))
ISSUED = date(2026, 6, 10)
TOTALS = ["customer_id", "number", "issue_date", "due_date", "currency", "total", "balance"]


def enter(database, source, *, create=True, update=True):
    return [each for batch in Books(database, create=create, update=update).enter(source) for each in batch]


def statuses(entered):
    return [each.status.value for each in entered]


def customers(database, path):
    return enter(database, CustomerRows(path, Names(), "ILS"))


def extract(database, path, *rows):
    return customers(database, table(path / "extract.csv", *rows))


def invoices(database, path, *rows, create=False):
    return enter(database, InvoiceRows(table(path / "invoices.csv", *rows, heading=TOTALS), Names(), "ILS"), create=create, update=False)


def documents(database, path, *contents, create=True):
    paths = [path / f"{n}.xml" for n in range(len(contents))]
    for file, content in zip(paths, contents, strict=True):
        file.write_bytes(content)
    return enter(database, Documents(paths, Names(), "ILS"), create=create, update=False)


def everything(database, statement):
    with database.read() as reader:
        return reader.all(statement)


def ledger(database):
    return [(each.customer_id, each.invoice_number, each.kind, each.amount, each.currency) for each in everything(database, LEDGER)]


def pays(database, customer_id, number, amount):
    with database.write() as tx:
        tx.run(
            APPEND,
            customer_id=customer_id,
            invoice_number=number,
            kind="payment",
            amount=-amount,
            currency="ILS",
            payment_id="p",
            incentive_id="",
        )


def test_an_extract_is_customers_their_invoices_and_what_is_open(database, tmp_path):
    rows = [
        row(),
        row(number="INV-2", total="(150.00)", balance="-150.00"),
        row(customer_id="2", number="INV-3", balance="0.00", due_date=""),
    ]
    assert statuses(extract(database, tmp_path, *rows)) == ["added"] * 3
    one, two = everything(database, CUSTOMERS)
    assert (one.customer_id, one.name, one.national_id, one.mobile, one.email, one.address) == (
        "0001001", "נועה כהן", "080220700", "+972522001013", "n@mail.example", "רח' הגפן 1, חיפה",
    )  # fmt: skip
    assert (one.language, one.mobile_since, two.customer_id) == ("he", 0, "2")
    kept = [
        (each.number, each.kind, each.issued, each.due, each.total, each.said_open, each.details) for each in everything(database, INVOICES)
    ]
    assert kept == [
        ("INV-1", "invoice", "2026-06-10", "2026-06-24", 123450, 3450, ""),
        ("INV-2", "credit_note", "2026-06-10", "2026-06-24", 15000, -15000, ""),
        ("INV-3", "invoice", "2026-06-10", "", 123450, 0, ""),
    ]
    assert ledger(database) == [
        ("0001001", "INV-1", "opening", 3450, "ILS"), ("0001001", "INV-2", "opening", -15000, "ILS"), ("2", "INV-3", "opening", 0, "ILS"),
    ]  # fmt: skip


def test_the_same_file_twice_changes_nothing(database, tmp_path):
    rows = [row(), row(name="אחרת", number="INV-2"), row(customer_id="2", number="INV-3")]
    extract(database, tmp_path, *rows)
    before = [everything(database, each) for each in (CUSTOMERS, INVOICES, LEDGER)]
    assert statuses(extract(database, tmp_path, *rows)) == ["unchanged"] * 3
    assert [everything(database, each) for each in (CUSTOMERS, INVOICES, LEDGER)] == before


def test_what_was_paid_here_stays_paid_until_billing_says_so_too(database, tmp_path):
    extract(database, tmp_path, row(balance="100.00"))
    pays(database, "0001001", "INV-1", 10000)
    assert statuses(extract(database, tmp_path, row(balance="100.00"))) == ["unchanged"]
    assert statuses(extract(database, tmp_path, row(balance="0.00"))) == ["changed"]
    assert [kind for _c, _n, kind, _a, _cur in ledger(database)] == ["opening", "payment"]


def test_a_changed_balance_is_an_adjustment(database, tmp_path):
    extract(database, tmp_path, row(balance="100.00"))
    assert statuses(extract(database, tmp_path, row(balance="60.00"))) == ["changed"]
    pays(database, "0001001", "INV-1", 1000)
    assert statuses(extract(database, tmp_path, row(balance="70.00"))) == ["changed"]
    assert [(kind, amount) for _c, _n, kind, amount, _cur in ledger(database)] == [
        ("opening", 10000), ("adjustment", -4000), ("payment", -1000), ("adjustment", 2000),
    ]  # fmt: skip
    assert everything(database, INVOICES)[0].said_open == 7000


def test_what_is_paid_while_a_balance_is_adjusted_is_not_taken_off_twice(database, tmp_path):
    extract(database, tmp_path, row(balance="100.00"))
    importing = Thread(target=extract, args=(database, tmp_path, row(balance="60.00")))
    with database.write() as tx:
        hold(tx, "0001001")
        append(tx, "0001001", [LedgerEntry("payment", Money(-4000, "ILS"), "INV-1")])
        importing.start()
        importing.join(1)  # it waits for us, or is done by then
    importing.join()
    assert sum(amount for _c, _n, _kind, amount, _cur in ledger(database)) == 6000


def test_a_changed_mobile_ends_visits_codes_and_texted_links(database, tmp_path):
    extract(database, tmp_path, row(), row(customer_id="2", number="INV-2"))
    with database.write() as tx:
        for customer_id in ("0001001", "2"):
            tx.run(VISIT, id=f"v{customer_id}", customer_id=customer_id)
            tx.run(CHALLENGE, id=f"c{customer_id}", customer_id=customer_id)
            links.make(tx, customer_id, "last-invoice", Proof.CODE, Language.HE, Origin("web"))
    assert statuses(extract(database, tmp_path, row(phone="050-2345678"), row(customer_id="2", number="INV-2"))) == ["changed", "unchanged"]
    one, two = everything(database, CUSTOMERS)
    assert (one.mobile, one.mobile_since > 0, two.mobile_since) == ("+972502345678", True, 0)
    assert {each.id: (each.ended_because, each.ended_at is None) for each in everything(database, VISITS)} == {
        "v0001001": ("mobile changed", False), "v2": ("", True),
    }  # fmt: skip
    assert {each.id: each.used_at is None for each in everything(database, CHALLENGES)} == {"c0001001": False, "c2": True}
    assert {each.customer_id: each.used_at is None for each in everything(database, LINKS)} == {"0001001": False, "2": True}


VISIT = Statement(
    insert(Visit).values(
        id=p("id"), customer_id=p("customer_id"), level=2, mobile="", language="he", channel="web", source="", started_at=now(),
        seen_at=now(),
        idle_ms=1, ends_at=now(), ended_because="",
    )
)  # fmt: skip
CHALLENGE = Statement(
    insert(Challenge).values(
        id=p("id"), browser=p("id"), purpose="", guard="", customer_id=p("customer_id"),
        mobile="", language="he", channel="web", source="", next="/",
        sendings=1, attempts=0, created_at=now(), sent_at=now(), expires_at=now(),
    )
)  # fmt: skip


def test_columns_that_a_file_has_not_stay_as_they_are(database, tmp_path):
    extract(database, tmp_path, row())
    changed = customers(database, table(tmp_path / "c.csv", ["0001001", "Noa Cohen", "en"], heading=["customer_id", "name", "language"]))
    assert statuses(changed) == ["changed"]
    one = everything(database, CUSTOMERS)[0]
    assert (one.name, one.language, one.mobile, one.email) == ("Noa Cohen", "en", "+972522001013", "n@mail.example")


def test_an_invoice_of_an_unknown_customer_is_refused_by_name_or_makes_the_customer(database, tmp_path):
    refused = documents(database, tmp_path, invoice(), create=False)
    assert statuses(refused) == ["refused"]
    assert refused[0].refused and refused[0].refused.values["name"] == "C00001 Dana"
    assert statuses(documents(database, tmp_path, invoice(), invoice(number="U-2"))) == ["added", "added"]
    assert [(each.customer_id, each.name, each.mobile) for each in everything(database, CUSTOMERS)] == [("C00001", "Dana", "")]
    assert statuses(invoices(database, tmp_path, ["X", "1", "2026-01-01", "", "ILS", "5", "5"])) == ["refused"]


def test_a_document_finds_its_customer_by_number_else_by_id_number(database, tmp_path):
    extract(database, tmp_path, row(), row(customer_id="C00001", national_id="", number="INV-2"))
    assert statuses(documents(database, tmp_path, invoice(), invoice(number="U-2", customer="80220700"), create=False)) == [
        "added",
        "added",
    ]
    found = {each.number: each.customer_id for each in everything(database, INVOICES)}
    assert (found["U-1"], found["U-2"]) == ("C00001", "0001001")


def test_two_customers_of_one_id_number_are_not_chosen_between(database, tmp_path):
    extract(database, tmp_path, row(), row(customer_id="2", number="INV-2"))
    assert statuses(documents(database, tmp_path, invoice(customer="080220700"), create=False)) == ["refused"]


def test_a_customer_number_that_passes_for_an_id_number_is_none(database, tmp_path):
    documents(database, tmp_path, invoice(customer="80220700"))
    assert [(each.customer_id, each.national_id) for each in everything(database, CUSTOMERS)] == [("80220700", "")]


def test_a_document_is_kept_whole(database, tmp_path):
    documents(database, tmp_path, invoice(prepaid="18.00", payable="100.00"), credit_note(number="CN"))
    note, bill = everything(database, INVOICES)
    assert (bill.total, bill.said_open, bill.kind) == (10000, 10000, "invoice")
    assert (note.total, note.said_open, note.kind) == (11800, -11800, "credit_note")
    said = DOCUMENTS.load(bill.details)
    assert (said.lines[0].name, said.vat[0].tax, said.totals.prepaid) == ("Fibre line", Money(1800, "ILS"), Money(1800, "ILS"))


def test_a_document_does_not_open_again_what_billing_has_closed(database, tmp_path):
    documents(database, tmp_path, invoice())
    closed = ["C00001", "U-1", "2026-11-01", "2026-12-20", "ILS", "118.00", "0.00"]
    assert statuses(invoices(database, tmp_path, closed)) == ["changed"]
    assert statuses(documents(database, tmp_path, invoice())) == ["unchanged"]
    assert statuses(invoices(database, tmp_path, closed)) == ["unchanged"]
    assert [(kind, amount) for _c, _n, kind, amount, _cur in ledger(database)] == [("opening", 11800), ("adjustment", -11800)]
    assert everything(database, INVOICES)[0].details


def test_a_document_adds_its_lines_to_an_invoice_of_which_only_totals_were_known(database, tmp_path):
    invoices(database, tmp_path, ["C00001", "U-1", "2026-11-01", "2026-12-20", "ILS", "118.00", "50.00"], create=True)
    assert statuses(documents(database, tmp_path, invoice())) == ["changed"]
    kept = everything(database, INVOICES)[0]
    assert (kept.said_open, bool(kept.details)) == (5000, True)
    assert len(ledger(database)) == 1


def test_a_document_reissued_with_another_total_moves_what_is_open_by_the_difference(database, tmp_path):
    documents(database, tmp_path, invoice())
    pays(database, "C00001", "U-1", 1800)
    assert statuses(documents(database, tmp_path, invoice(prepaid="18.00", payable="100.00"))) == ["changed"]
    assert sum(amount for _c, _n, _k, amount, _cur in ledger(database)) == 8200
    assert DOCUMENTS.load(everything(database, INVOICES)[0].details).totals.payable == Money(10000, "ILS")


def test_an_invoice_does_not_change_its_currency(database, tmp_path):
    documents(database, tmp_path, invoice())
    assert statuses(invoices(database, tmp_path, ["C00001", "U-1", "2026-11-01", "", "USD", "118.00", "0"])) == ["refused"]
    assert len(ledger(database)) == 1


def test_an_invoice_does_not_become_a_credit_note(database, tmp_path):
    documents(database, tmp_path, invoice())
    refused = documents(database, tmp_path, credit_note(number="U-1"))
    assert statuses(refused) == ["refused"]
    assert refused[0].refused and "as an invoice" in refused[0].refused.id
    documents(database, tmp_path, credit_note(number="CN"))
    assert statuses(invoices(database, tmp_path, ["C00001", "U-1", "2026-11-01", "", "ILS", "-118.00", ""])) == ["refused"]
    assert statuses(documents(database, tmp_path, invoice(number="CN"))) == ["refused"]
    assert [(each.number, each.kind) for each in everything(database, INVOICES)] == [("CN", "credit_note"), ("U-1", "invoice")]
    assert len(ledger(database)) == 2


def test_a_row_that_the_database_refuses_does_not_take_its_batch(database):
    good = [made(str(n)) for n in range(5)]
    bad = dataclasses.replace(made("x"), customer={"name": "\udc80"})
    assert statuses(enter(database, [*good[:3], bad, *good[3:]])) == ["added"] * 3 + ["refused"] + ["added"] * 2
    assert len(everything(database, CUSTOMERS)) == 5


def made(number):
    bill = Invoice(f"INV-{number}", Kind.INVOICE, ISSUED, None, Money(100, "ILS"), Money(100, "ILS"))
    return Entry("f", 1, number, customer={"name": "Dana"}, invoice=bill)


def test_a_document_that_is_twice_in_a_file_is_kept_once(database, tmp_path):
    rows = [row(), row(), row(balance="10.00")]
    assert statuses(extract(database, tmp_path, *rows)) == ["added", "unchanged", "refused"]
    assert statuses(extract(database, tmp_path, *rows)) == ["unchanged", "unchanged", "refused"]
    bills = [["0001001", "INV-1", "2026-06-10", "2026-06-24", "ILS", "1234.50", balance] for balance in ("0.00", "34.50")]
    assert statuses(invoices(database, tmp_path, *bills)) == ["changed", "refused"]
    assert [amount for _c, _n, _k, amount, _cur in ledger(database)] == [3450, -3450]


def test_an_import_that_was_stopped_is_finished_by_another(database):
    entries = [made(str(n)) for n in range(BATCH * 2 + 7)]

    def interrupted():
        yield from entries[: BATCH + 3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enter(database, interrupted())
    assert len(everything(database, INVOICES)) == BATCH
    again = enter(database, entries)
    assert [each.status for each in again].count(Status.UNCHANGED) == BATCH
    assert len(everything(database, LEDGER)) == len(entries)


def test_the_real_documents_twice_change_nothing(database, tmp_path):
    folder = data("01-einvoice-ubl") / "documents"
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in sorted(folder.glob("*.xml")):
            archive.write(path, path.name)
    first = enter(database, Documents([folder], Names(), "ILS"), update=False)
    before = [everything(database, each) for each in (CUSTOMERS, INVOICES, LEDGER)]
    second = enter(database, Documents([tmp_path / "all.zip"], Names(), "ILS"), update=False)
    assert statuses(first).count("added") == 6
    assert set(statuses(second)) == {"unchanged", "refused"}
    assert [everything(database, each) for each in (CUSTOMERS, INVOICES, LEDGER)] == before
