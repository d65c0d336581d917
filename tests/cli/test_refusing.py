"""What cannot work is refused in a line that says what to set, by whichever command meets it."""

import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from portal.cli.serving import prepare
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


STARTS = [("serve", "--port", "0", "--workers", "2"), ("worker",), ("import", "customers", "none.csv")]


@pytest.mark.parametrize("arguments", STARTS, ids=" ".join)
def test_a_company_that_cannot_be_read_ends_a_start(arguments, tmp_path):
    """Each serving process would fail at it, and be replaced for ever."""
    (tmp_path / "no.toml").write_text("name = ")
    assert "PORTAL_COMPANY" in refusal(*arguments, folder=tmp_path, PORTAL_COMPANY="no.toml")


@pytest.mark.parametrize("arguments", [("serve", "--port", "0"), ("import", "customers", "none.csv")], ids=" ".join)
def test_a_database_that_cannot_be_used_ends_a_start(arguments, tmp_path):
    said = refusal(*arguments, folder=tmp_path, PORTAL_DATABASE_URL="postgresql://u:hunter2@127.0.0.1:9/d")
    assert "PORTAL_DATABASE_URL" in said
    assert "hunter2" not in said


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`prepared(PORTAL_MODE="live")`: the one line that ends a start, in this process: every start begins with the same."""
    monkeypatch.chdir(tmp_path)

    def begin(**settings: str) -> str:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            prepare()
        [line] = str(ended.value).splitlines()
        assert line.startswith("portal: ")
        return line

    return begin


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        ("PORTAL_COMPANY", "nowhere.toml"),
        ("PORTAL_SECRET_KEYS", "one,,two"),
        ("PORTAL_DATABASE_URL", "mysql://u:hunter2@127.0.0.1/d"),
        ("PORTAL_DATABASE_URL", "sqlite:///"),
        ("PORTAL_DATABASE_URL", "sqlite:////dev/null/folder/p.db"),
        ("PORTAL_DATABASE_URL", "sqlite:///no.db"),
        ("PORTAL_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:bad/d"),
        ("PORTAL_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:9/d?foo=bar"),
    ],
)
def test_whatever_cannot_be_used_is_said_in_a_line_without_what_was_given(prepared, setting, wrong, tmp_path):
    (tmp_path / "no.db").write_text("This is no database, and long enough to be seen as none. " * 20)
    said = prepared(**{setting: wrong})
    assert setting in said
    assert "hunter2" not in said


def test_a_role_without_rights_is_said_in_a_line(postgres_server, prepared):
    url = postgres.clone(postgres_server, "template0", "guarded")
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE ROLE guest LOGIN")
        owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    assert "InsufficientPrivilege" in prepared(PORTAL_DATABASE_URL=as_guest(url))
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
