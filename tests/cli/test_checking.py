"""`portal check` says what an operator should know before going live."""

import pytest

from portal.core.messages import longest_host

AGREED = "+972502345678=123456"


@pytest.mark.parametrize(("mode", "agreed", "said"), [("live", AGREED, True), ("live", "", False), ("sandbox", AGREED, False)])
def test_live_mode_with_agreed_codes_is_said_so(check, mode, agreed, said):
    checked = check(PORTAL_MODE=mode, PORTAL_TEST_PHONES=agreed)
    assert ("PORTAL_TEST_PHONES is set" in checked.stdout) is said
    assert "123456" not in checked.stdout


def test_an_agreed_code_that_nobody_could_type_is_wrong(check):
    checked = check(PORTAL_TEST_PHONES="+972502345678=letmein")
    assert (
        checked.stdout == "WRONG PORTAL_TEST_PHONES: must be telephones with codes of six digits, +972502345678=123456, comma-separated\n"
    )
    assert checked.exit_code == 1


def test_a_misspelt_setting_is_said_and_stops_nothing(check, tmp_path):
    """In the environment and in `.env`, where a name may be in small letters, as a right one may."""
    (tmp_path / ".env").write_text("PORTAL_BASE_ULR=https://hunter2.example\nportal_comapny=hunter2.toml\nportal_sms=sandbox\nOTHERS=1\n")
    checked = check(PORTAL_DATABSE_URL="sqlite:///hunter2.db", PORTAL_SEPARATE_WORKER="1", PORTAL_MODE="sandbox")
    assert [line for line in checked.stdout.splitlines() if "no setting" in line] == [
        f"ok    {name} is set, and is no setting: is it misspelt?" for name in ("PORTAL_BASE_ULR", "PORTAL_COMAPNY", "PORTAL_DATABSE_URL")
    ]
    assert "hunter2" not in checked.stdout
    assert checked.exit_code == 0


@pytest.mark.parametrize("more", [0, 1])
def test_a_host_so_long_that_each_code_is_two_messages_is_said(check, more):
    host = "a" * (longest_host() + more - len(".example")) + ".example"
    assert ("a code is two SMS" in check(PORTAL_BASE_URL=f"https://{host}").stdout) is bool(more)
