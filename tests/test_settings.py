"""What would make a start unsafe or useless is refused, with what to set."""

import pytest

from portal.settings import Settings

HTTP = {"PORTAL_BILLING": "http", "PORTAL_BILLING_URL": "https://billing.example.com", "PORTAL_BILLING_KEY": "k" * 32}


def about_billing(**settings: str) -> list[str]:
    found = Settings.model_validate({name: value for name, value in settings.items() if value}).problems
    return [problem for problem in found if "PORTAL_BILLING" in problem]


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """Where there is no `.env`."""
    monkeypatch.chdir(tmp_path)


def test_the_embedded_store_needs_nothing():
    assert about_billing() == []


@pytest.mark.parametrize(
    "missing", [{"PORTAL_BILLING_KEY": ""}, {"PORTAL_BILLING_URL": ""}, {"PORTAL_BILLING_URL": "billing.example.com"},
                {"PORTAL_BILLING_URL": "ftp://billing.example.com"}, {"PORTAL_BILLING_URL": "https:///v1"}],
)  # fmt: skip
def test_billing_over_http_needs_an_address_and_a_key(missing):
    assert about_billing(**HTTP) == []
    assert about_billing(**HTTP | missing) == ["PORTAL_BILLING=http needs PORTAL_BILLING_URL (https://…) and PORTAL_BILLING_KEY"]


@pytest.mark.parametrize(
    ("url", "refused"),
    [("http://billing.example.com", True), ("http://10.0.0.5:8100", True), ("http://127.0.0.1.example.com", True),
     ("http://127.0.0.1:8100", False), ("http://[::1]:8100", False), ("https://billing.example.com", False)],
)  # fmt: skip
def test_bills_do_not_travel_in_the_clear_in_live_mode(url, refused):
    assert about_billing(**HTTP | {"PORTAL_BILLING_URL": url}) == []
    live = about_billing(**HTTP | {"PORTAL_BILLING_URL": url, "PORTAL_MODE": "live"})
    assert live == (["PORTAL_BILLING_URL is not https: set https://HOST"] if refused else [])
