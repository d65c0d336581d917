"""What cannot work is refused in a line that says what to set, by whichever command meets it."""

import pytest

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
