"""`portal import`, as an operator runs it."""

import json
import signal
import subprocess

import pytest
from typer.testing import CliRunner

from portal.adapters.extracts.books import BATCH
from portal.cli.imports import app
from tests.adapters.extracts.samples import invoice, row, table
from tests.servers import PORTAL, environment

FIELDS = [
    "file", "line", "status", "reason", "customer_id", "name", "national_id", "phone", "email", "number", "kind", "issue_date", "due_date",
    "currency", "total", "balance", "lines",
]  # fmt: skip


def run(database_url, *arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments], env={"PORTAL_DATABASE_URL": database_url, "LC_ALL": "en_US.UTF-8"})


def objects(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_clean_file_is_counted_and_ends_well(database_url, tmp_path):
    path = table(tmp_path / "c.csv", row(), row(customer_id="2", number="INV-2"))
    first, again = run(database_url, "customers", path), run(database_url, "customers", path)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "2 rows read: 2 added, 0 changed, 0 unchanged, 0 refused." in first.stdout
    assert "2 rows read: 0 added, 0 changed, 2 unchanged, 0 refused." in again.stdout


def test_a_refused_row_is_told_with_file_line_and_reason_and_the_rest_is_kept(database_url, tmp_path):
    path = table(tmp_path / "c.csv", row(), row(customer_id="2", phone="#REF!"), row(customer_id="3", number="INV-3"))
    result = run(database_url, "customers", path)
    assert result.exit_code == 1
    assert f"{path}:3: refused: a spreadsheet destroyed the number: #REF!" in result.stdout
    assert "3 rows read: 2 added, 0 changed, 0 unchanged, 1 refused." in result.stdout


def test_json_is_one_object_a_row_with_the_agreed_fields(database_url, tmp_path):
    path = table(tmp_path / "c.csv", row(), row(customer_id="2", total="?"))
    kept, refused = objects(run(database_url, "customers", path, "--json"))
    assert list(kept) == list(refused) == FIELDS
    assert kept == {
        "file": str(path), "line": 2, "status": "added", "reason": "", "customer_id": "0001001", "name": "נועה כהן",
        "national_id": "080220700",
        "phone": "+972522001013", "email": "n@mail.example", "number": "INV-1", "kind": "invoice", "issue_date": "2026-06-10",
        "due_date": "2026-06-24", "currency": "ILS", "total": "1234.50", "balance": "34.50", "lines": 0,
    }  # fmt: skip
    assert (refused["status"], refused["line"], refused["total"], refused["customer_id"]) == ("refused", 3, "", "2")
    assert refused["reason"]


def test_documents_of_unknown_customers_wait_for_create_customers(database_url, tmp_path):
    (tmp_path / "u.xml").write_bytes(invoice())
    refused = run(database_url, "invoices", tmp_path, "--json")
    assert refused.exit_code == 1
    assert "C00001 Dana" in objects(refused)[0]["reason"]
    added = run(database_url, "invoices", tmp_path, "--create-customers", "--json")
    assert added.exit_code == 0
    said = objects(added)[0]
    assert (said["status"], said["number"], said["total"], said["balance"], said["lines"]) == ("added", "U-1", "118.00", "118.00", 1)
    assert said["customer_id"] == "C00001"


def test_a_broken_rule_is_named(database_url, tmp_path):
    (tmp_path / "u.xml").write_bytes(invoice(payable="119.00"))
    result = run(database_url, "invoices", tmp_path / "u.xml", "--create-customers")
    assert result.exit_code == 1
    assert "refused: BR-CO-16: PayableAmount does not add up" in result.stdout


def test_what_cannot_be_read_at_all_is_one_sentence_and_no_traceback(database_url, tmp_path):
    (tmp_path / "IMG_1.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(500))
    (tmp_path / "empty.csv").touch()
    for arguments in (
        ("customers", tmp_path / "IMG_1.jpg"), ("customers", tmp_path / "empty.csv"), ("customers", tmp_path),
        ("customers", tmp_path / "no.csv"),
        ("customers", tmp_path / "empty.csv", "--columns", tmp_path / "no.toml"), ("invoices", tmp_path),
        ("invoices", tmp_path / "IMG_1.jpg"),
    ):  # fmt: skip
        result = run(database_url, *arguments)
        assert result.exit_code == 1, arguments
        assert isinstance(result.exception, SystemExit)
        assert "refused: " in result.stdout


@pytest.mark.parametrize("written", [None, "customer_id = ", "customer_id = 1"], ids=["none", "no TOML", "no heading"])
def test_columns_that_cannot_be_read_are_refused_by_their_name_and_no_line(database_url, tmp_path, written):
    extract, columns = table(tmp_path / "c.csv", row()), tmp_path / "columns.toml"
    if written:
        columns.write_text(written)
    for command, beginning in (("customers", f"{extract}: refused: {columns}"), ("invoices", f"refused: {columns}")):
        said = run(database_url, command, extract, "--columns", columns).stdout.splitlines()
        assert said[0].startswith(beginning)
        assert said[0].count(str(columns)) == 1


def test_a_process_that_is_ended_keeps_the_batch_in_hand_and_reports_it(database_url, tmp_path):
    """It cannot come to the second batch before SIGTERM: what it says of the first does not fit into a pipe that nobody reads."""
    path = table(tmp_path / "c.csv", *(row(customer_id=f"{n}", number=f"INV-{n}", national_id="") for n in range(1, BATCH + 3)))
    importing = [str(PORTAL), "import", "customers", str(path), "--json"]
    given = {"cwd": tmp_path, "env": environment({"PORTAL_DATABASE_URL": database_url, "LC_ALL": "C.UTF-8"}), "text": True}
    with subprocess.Popen(importing, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **given) as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["line"] == 2
        process.send_signal(signal.SIGTERM)
        rest, said = process.stdout.read(), process.stderr.read()  # communicate() knows nothing of what was read with the first line
    assert process.returncode == 128 + signal.SIGTERM
    assert len(rest.splitlines()) == BATCH - 1
    assert said.splitlines() == [
        "Stopped. Run the same command again to go on.", f"{BATCH} rows read: {BATCH} added, 0 changed, 0 unchanged, 0 refused."
    ]  # fmt: skip
    again = subprocess.run(importing, capture_output=True, timeout=60, check=True, **given)
    assert f"2 added, 0 changed, {BATCH} unchanged, 0 refused" in again.stderr


def test_a_file_whose_name_is_no_text_is_told_too(database_url, tmp_path):
    (tmp_path / "holiday \udcff.jpg").write_bytes(b"\xff\xd8\xff")
    result = run(database_url, "invoices", tmp_path, "--json")
    assert result.exit_code == 1
    assert objects(result)[0]["file"] == str(tmp_path / "holiday \udcff.jpg")


def test_a_database_that_is_away_is_told_in_a_sentence(tmp_path):
    path = table(tmp_path / "c.csv", row())
    result = run("postgresql://postgres@127.0.0.1:1/none", "customers", path)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "database" in result.stdout


def test_reasons_are_said_in_the_operators_language(database_url, tmp_path):
    path = table(tmp_path / "c.csv", row(phone="#REF!"))
    result = CliRunner().invoke(app, ["customers", str(path)], env={"PORTAL_DATABASE_URL": database_url, "LC_ALL": "he_IL.UTF-8"})
    assert result.exit_code == 1
    assert "#REF!" in result.stdout
