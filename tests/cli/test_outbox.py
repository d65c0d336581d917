"""`portal outbox`: a person sees what could not be sent, and sends it again; nothing secret is shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import case, update
from sqlmodel import col
from typer.testing import CliRunner

from portal.cli import main
from portal.core.languages import Language
from portal.core.outbox import Outbox
from portal.core.spans import MINUTE_MS
from portal.core.statements import Database, Statement, now
from portal.core.tables import Outbox as Row
from tests.core.test_outbox import advance, claim, states

FAIL = Statement(
    update(Row).values(state="failed", finished_at=now(), attempts=3, error=case((col(Row.kind) == "code", ""), else_="Permanent: 21211"))
)
SMS, ADDRESS = "+972502345678", "ruth@example.com"


def put(db: Database, kind: str, channel: str, to: str, **more: Any) -> None:
    with db.write() as tx:
        Outbox(separate=True).put(tx, kind, channel, to, key=f"key-of-{kind}", language=Language.HE, about={"challenge": "secret"}, **more)


@pytest.fixture
def outbox(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The command, on this test's database. In an empty folder, for a `.env` in the current one would be read."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["outbox", *arguments], env={"PORTAL_DATABASE_URL": database_url})


def test_what_failed_is_listed_and_sent_again_unless_it_is_over(database, outbox):
    put(database, "receipt", "sms", SMS)
    put(database, "invoice", "email", ADDRESS)
    put(database, "code", "sms", SMS, lifetime_ms=5 * MINUTE_MS, priority=0)
    with database.write() as tx:
        tx.run(FAIL)
    advance(database, 5 * MINUTE_MS)

    listed = outbox()
    assert listed.exit_code == 0, listed.output
    for said in ("failed 3", "…78", "…@example.com", "refused for good: 21211", "(is over)", "5 min"):
        assert said in listed.stdout
    told = json.loads(outbox("--json").stdout)
    assert told["states"] == {"failed": 3}
    receipt, _invoice, code = told["failed"]
    assert (receipt["recipient"], receipt["attempts"], receipt["can_be_sent"], code["can_be_sent"]) == ("…78", 3, True, False)
    for secret in (SMS, ADDRESS, "secret", "key-of"):
        assert secret not in listed.stdout + json.dumps(told)

    again = outbox("resend", str(receipt["id"]), str(code["id"]), "99")
    assert again.exit_code == 1
    assert again.stdout.splitlines() == [
        f"{receipt['id']}: goes out now.",
        f"{code['id']}: is over, as a code or a link is after a while. The customer asks for a new one.",
        "99: there is no such message.",
    ]
    assert outbox("resend", "--all").stdout.strip() == "1 go out now."
    assert claim(database, Outbox(), "sms") == ["key-of-receipt"]
    assert claim(database, Outbox(), "email") == ["key-of-invoice"]
    assert states(database)["key-of-code"] == "failed"
    assert outbox("resend").exit_code == 2, "which?"
