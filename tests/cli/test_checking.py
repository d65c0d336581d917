"""`portal check` says what an operator should know before going live."""

import pytest

from tests.servers import command

AGREED = "+972502345678=123456"


@pytest.mark.parametrize(("mode", "agreed", "said"), [("live", AGREED, True), ("live", "", False), ("sandbox", AGREED, False)])
def test_live_mode_with_agreed_codes_is_said_so(tmp_path, mode, agreed, said):
    checked = command(
        "check", folder=tmp_path, PORTAL_DATABASE_URL=f"sqlite:///{tmp_path}/p.db", PORTAL_MODE=mode, PORTAL_TEST_PHONES=agreed
    )
    assert ("PORTAL_TEST_PHONES is set" in checked.stdout) is said
    assert "123456" not in checked.stdout


def test_a_misspelt_setting_is_said_and_stops_nothing(tmp_path):
    checked = command("check", folder=tmp_path, PORTAL_DATABSE_URL="sqlite:///secret.db", PORTAL_SEPARATE_WORKER="1", PORTAL_MODE="sandbox")
    assert [line for line in checked.stdout.splitlines() if "no setting" in line] == [
        "ok    PORTAL_DATABSE_URL is set, and is no setting: is it misspelt?"
    ]
    assert checked.returncode == 0
