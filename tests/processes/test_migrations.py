"""Migrations: once, however many start together; and what runs already goes on."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from portal import migrations
from tests import postgres
from tests.client import Browser
from tests.databases import quick_on_postgresql
from tests.processes.instances import RUTH, eventually, identified
from tests.servers import PORTAL, command, environment

TOGETHER = 3


def new(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it, not even tables."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    server = request.getfixturevalue("postgres_server")
    postgres.drop(server, "started_together")
    return postgres.clone(server, "template0", "started_together")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_those_that_start_together_migrate_once(kind, request, tmp_path):
    url = new(kind, request, tmp_path)
    starting = [
        subprocess.Popen(
            [PORTAL, "check"], cwd=tmp_path, env=environment({"PORTAL_DATABASE_URL": url}), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )
        for _n in range(TOGETHER)
    ]  # fmt: skip
    said = [process.communicate(timeout=90)[0] for process in starting]
    assert [process.returncode for process in starting] == [0] * TOGETHER, "\n".join(said)
    assert all(f"database at revision {migrations.newest()}" in one for one in said)
    engine = create_engine(migrations.sqlalchemy_url(url))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM clock")).scalar() == 1
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    engine.dispose()


@quick_on_postgresql
def test_a_process_goes_on_while_a_newer_one_adds_to_every_table(demo_url, serve):
    """What an old process asks and writes is as good afterwards, and its open visits live on."""
    server = serve(demo_url)
    engine = create_engine(migrations.sqlalchemy_url(demo_url))
    with Browser(server.url) as browser, engine.begin() as connection:
        identified(browser, RUTH)
        assert browser.open("/actions/pay-balance").has("amount-due")
        for table in ("customer", "invoice", "ledger", "visit", "challenge", "journey", "event", "outbox", "payment", "rate", "guard"):
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN added_later VARCHAR NOT NULL DEFAULT ''"))
        connection.commit()
        for path in ("/actions/pay-balance", "/actions/last-invoice", "/"):
            assert browser.get(path).status_code == 200
        browser.post("/leave")
        identified(browser, RUTH)
        assert browser.open("/actions/last-invoice").heading == "Your last invoice"
    engine.dispose()
    assert '"level": "error"' not in server.said()


# By processes of before 0006: a success that its journey was told of, one that died with its hearer, and a payment that is open.
BEFORE = (
    "INSERT INTO journey (id, subject, action, level, turn, step, channel, source, language, created_at, updated_at, ended_at)"
    " SELECT name, name, 'pay-balance', 2, 3, '', 'web', '', 'he', 0, at, CASE name WHEN 'ended' THEN at END"
    " FROM (SELECT 'ended' AS name, 10 AS at UNION SELECT 'went on', 20 UNION SELECT 'waits', 10 UNION SELECT 'open', 10) AS journeys",
    "INSERT INTO payment (id, customer_id, journey_id, state, currency, owed, charge, provider, language, channel, created_at, updated_at,"
    " settled_at) SELECT name, name, name, state, 'ILS', 1, 1, 'sandbox', 'he', 'web', 0, 0, CASE state WHEN 'success' THEN 11 END"
    " FROM (SELECT 'ended' AS name, 'success' AS state UNION SELECT 'went on', 'success' UNION SELECT 'waits', 'success'"
    " UNION SELECT 'open', 'started') AS payments",
)


def test_what_was_paid_before_0006_is_told_where_nobody_told_it(demo_url):
    migrations.downgrade(demo_url, "0005")
    engine = create_engine(migrations.sqlalchemy_url(demo_url))
    with engine.begin() as connection:
        for statement in BEFORE:
            connection.execute(text(statement))
    migrations.upgrade(demo_url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT id, shown, turn FROM payment ORDER BY id")).fetchall()
    engine.dispose()
    assert {row.id: (row.shown, row.turn) for row in found} == {"ended": (0, 0), "open": (0, 3), "waits": (0, 0), "went on": (1, 0)}


@pytest.mark.parametrize("command_line", [("serve", "--port", "0"), ("import", "customers", "none.csv"), ("billing",)])
def test_a_database_newer_than_the_code_is_said_in_a_sentence(command_line, sqlite_demo, tmp_path):
    engine = create_engine(sqlite_demo)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    ended = command(*command_line, folder=tmp_path, PORTAL_DATABASE_URL=sqlite_demo, BILLING_DATABASE_URL=sqlite_demo)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        f"portal: the database is at revision 9999, and this version knows {migrations.newest()}: install the version that made it"
    ]


QUEUED = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def test_a_migration_waits_for_the_lock_and_no_longer(postgres_server):
    """Who holds the lock migrates; the others find it done."""
    url = postgres.clone(postgres_server, "template0", "locked")
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (migrations.LOCK,))
        waiting = subprocess.Popen([PORTAL, "check"], env=environment({"PORTAL_DATABASE_URL": url}), stdout=subprocess.PIPE)
        eventually(lambda: other.execute(QUEUED).fetchone() == (1,))
        assert other.execute("SELECT to_regclass('customer')").fetchone() == (None,)
        other.execute("SELECT pg_advisory_unlock(%s)", (migrations.LOCK,))
    waiting.communicate(timeout=30)
    assert waiting.returncode == 0
    postgres.drop(postgres_server, "locked")


def test_what_was_upgraded_can_be_taken_back_and_upgraded_again(database_url):
    migrations.downgrade(database_url, "0001")
    engine = create_engine(migrations.sqlalchemy_url(database_url))
    assert migrations.revision(engine) == "0001"
    migrations.upgrade(database_url)
    assert migrations.revision(engine) == migrations.newest()
    engine.dispose()


ADDING = {"create_table", "add_column", "create_index", "batch_alter_table", "execute", "f"}


@pytest.mark.parametrize("path", sorted((Path(migrations.HERE) / "versions").glob("0*.py")), ids=lambda path: path.stem)
def test_a_migration_only_adds(path):
    """So that the version before goes on beside it (docs/deploy.md). A column that must have a value has a default; an index may be made
    anew under its name."""
    upgrade = next(node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef) and node.name == "upgrade")
    calls = list(operations(upgrade))
    assert {name for name, _call in calls} <= ADDING | {"drop_index"}
    indexes = {name: {ast.unparse(call.args[0]) for called, call in calls if called == name} for name in ("drop_index", "create_index")}
    assert indexes["drop_index"] <= indexes["create_index"]
    for name, call in calls:
        if name == "add_column":
            assert "nullable=True" in ast.unparse(call) or "server_default=" in ast.unparse(call), ast.unparse(call)


def operations(upgrade: ast.FunctionDef) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(upgrade):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="op" | "batch_op"), attr=name)):
                yield name, node
