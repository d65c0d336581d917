"""What cannot work is refused in a line that says what to set, by whichever command meets it."""

import socket
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests import postgres
from tests.servers import command

COMMANDS = [("check",), ("serve", "--port", "0"), ("worker",), ("seed",), ("outbox",), ("import", "customers", "none.csv")]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_wrong_setting_is_named_and_no_secret_is_shown(arguments, tmp_path):
    wrong = {"PORTAL_MODE": "prod", "PORTAL_DATABASE_URL": "postgres://portal:hunter2@db/portal", "STRIPE_API_KEY": "sk_live_VERYSECRET"}
    ended = command(*arguments, folder=tmp_path, **wrong)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert len(said.splitlines()) == 1
    assert "PORTAL_MODE: input should be 'sandbox' or 'live'; PORTAL_DATABASE_URL: must begin with" in said
    for hidden in ("hunter2", "VERYSECRET", "pydantic"):
        assert hidden not in said


STARTS = [("serve", "--port", "0", "--workers", "2"), ("serve", "--port", "0"), ("worker",), ("import", "customers", "none.csv")]


@pytest.mark.parametrize("arguments", STARTS, ids=" ".join)
@pytest.mark.parametrize("path", ["nowhere.toml", "no.toml"])
def test_a_company_that_cannot_be_read_ends_a_start(arguments, path, tmp_path):
    """Each serving process would fail at it, and be replaced for ever."""
    (tmp_path / "no.toml").write_text("name = ")
    assert "PORTAL_COMPANY" in refusal(*arguments, folder=tmp_path, PORTAL_COMPANY=path)


NO_DATABASES = [
    "sqlite:///", "sqlite:////dev/null/folder/p.db", "sqlite:///no.db", "postgresql://u:hunter2@127.0.0.1:bad/d",
    "postgresql://u:hunter2@127.0.0.1:9/d?foo=bar", "postgresql://u:hunter2@127.0.0.1:9/d",
]  # fmt: skip


@pytest.mark.parametrize("url", NO_DATABASES)
@pytest.mark.parametrize("arguments", [("serve", "--port", "0"), ("import", "customers", "none.csv")], ids=" ".join)
def test_a_database_that_cannot_be_used_ends_a_start(arguments, url, tmp_path):
    (tmp_path / "no.db").write_text("This is no database, and long enough to be seen as none. " * 20)
    said = refusal(*arguments, folder=tmp_path, PORTAL_DATABASE_URL=url)
    assert "PORTAL_DATABASE_URL" in said
    assert "hunter2" not in said


def test_a_role_without_rights_is_said_in_a_line(postgres_server, tmp_path):
    url = postgres.clone(postgres_server, "template0", "guarded")
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE ROLE guest LOGIN")
        owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    said = refusal("serve", "--port", "0", folder=tmp_path, PORTAL_DATABASE_URL=as_guest(url))
    assert "InsufficientPrivilege" in said
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("DROP ROLE guest")
    postgres.drop(postgres_server, "guarded")


def as_guest(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(netloc=f"guest@{urlsplit(url).netloc.rpartition('@')[2]}"))


def test_a_billing_system_refuses_its_database_likewise(tmp_path):
    (tmp_path / "no.db").write_text("This is no database, and long enough to be seen as none. " * 20)
    assert "BILLING_DATABASE_URL" in refusal("billing", "--port", "0", folder=tmp_path, BILLING_DATABASE_URL="sqlite:///no.db")


def refusal(*arguments: str, folder: Path, **settings: str) -> str:
    """The one line that a command said before it ended."""
    ended = command(*arguments, folder=folder, **settings)
    assert ended.returncode == 1, ended
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert line.startswith("portal: ")
    return line


@pytest.mark.parametrize("option", [("--port", "99999"), ("--workers", "0")], ids=" ".join)
def test_a_number_that_cannot_be_is_refused(option, tmp_path):
    ended = command("serve", *option, folder=tmp_path)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


def test_a_taken_port_for_metrics_is_said_in_a_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = refusal("worker", "--metrics-port", str(taken.getsockname()[1]), folder=tmp_path)
    assert "Address already in use" in said
