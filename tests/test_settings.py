"""What would make a start unsafe or useless is refused, with what to set."""

import pytest

from portal.settings import Settings, read

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


VENDORS = {
    "PORTAL_SMS": "twilio", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "TWILIO_FROM": "+972501234567",
    "PORTAL_PAYMENTS": "stripe", "STRIPE_API_KEY": "sk_live_1", "STRIPE_WEBHOOK_SECRET": "whsec_1",
    "PORTAL_EMAIL": "smtp", "PORTAL_SMTP_URL": "smtps://u:p@mail.example", "PORTAL_EMAIL_FROM": "us@portal.example",
    "PORTAL_MODE": "live", "PORTAL_BASE_URL": "https://portal.example", "PORTAL_SECRET_KEYS": "k" * 48, **HTTP,
}  # fmt: skip


@pytest.mark.parametrize("blank", ["", " ", "\t\n "], ids=["empty", "blank", "blanks"])
@pytest.mark.parametrize(
    "name",
    ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "PORTAL_EMAIL_FROM",
     "PORTAL_BILLING_KEY", "PORTAL_SECRET_KEYS"],
)  # fmt: skip
def test_a_secret_of_blanks_is_a_missing_one(name, blank, monkeypatch):
    for each, value in VENDORS.items():
        monkeypatch.setenv(each, value)
    assert read().problems == []
    monkeypatch.setenv(name, blank)
    assert any(name in problem for problem in read().problems)


@pytest.mark.parametrize(
    ("url", "refused"),
    [("http://billing.example.com", True), ("http://10.0.0.5:8100", True), ("http://127.0.0.1.example.com", True),
     ("http://127.0.0.1:8100", False), ("http://[::1]:8100", False), ("https://billing.example.com", False)],
)  # fmt: skip
def test_bills_do_not_travel_in_the_clear_in_live_mode(url, refused):
    assert about_billing(**HTTP | {"PORTAL_BILLING_URL": url}) == []
    live = about_billing(**HTTP | {"PORTAL_BILLING_URL": url, "PORTAL_MODE": "live"})
    assert live == (["PORTAL_BILLING_URL is not https: set https://HOST"] if refused else [])


@pytest.mark.parametrize(
    ("name", "given"),
    [("PORTAL_BASE_URL", "https://[portal"), ("PORTAL_BASE_URL", "http://127.0.0.1:bad"), ("PORTAL_BILLING_URL", "http://127.0.0.1:bad"),
     ("PORTAL_SMTP_URL", "smtp://u:secret@host:bad"), ("PORTAL_TRUSTED_PROXIES", "nginx"), ("PORTAL_TRUSTED_PROXIES", "10.0.0.0/8"),
     ("PORTAL_TEST_PHONES", "garbage"), ("PORTAL_TEST_PHONES", "+972502345671="),
     ("PORTAL_TEST_PHONES", "+972502345671=12345"), ("PORTAL_TEST_PHONES", "+972502345671=123456,+972502345672=letmein")],
)  # fmt: skip
def test_what_is_not_of_its_form_is_named_and_not_repeated(name, given, monkeypatch):
    monkeypatch.setenv(name, given)
    with pytest.raises(ValueError, match=f"^{name}: must be ") as refused:
        read()
    assert given not in str(refused.value)


def test_what_is_of_its_form_is_taken(monkeypatch):
    monkeypatch.setenv("PORTAL_TRUSTED_PROXIES", " 10.9.9.9, 2001:DB8::0009, ::ffff:10.0.0.2,")
    monkeypatch.setenv("PORTAL_TEST_PHONES", "+972502345678=123456, +972502345679=654321")
    assert read().trusted_proxies == "10.9.9.9,2001:db8::9,10.0.0.2"


@pytest.mark.parametrize(
    ("given", "written"),
    [("https://Pay.Example.com", "https://pay.example.com"), ("HTTPS://pay.example.com:443/", "https://pay.example.com"),
     ("http://pay.example.com:80", "http://pay.example.com"), ("https://pay.example.com:80", "https://pay.example.com:80"),
     ("http://[::1]:8000/", "http://[::1]:8000"), ("http://[::80]", "http://[::80]"), ("pay.example.com", "pay.example.com")],
)  # fmt: skip
def test_where_customers_find_it_is_written_as_their_browsers_write_it(given, written):
    assert Settings.model_validate({"PORTAL_BASE_URL": given}).base_url == written


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"PORTAL_BASE_URL": "ftp://portal.example"}, "PORTAL_BASE_URL is no address"),
     ({"PORTAL_BASE_URL": "https://portal.example/pay/"}, "PORTAL_BASE_URL must have no path"),
     ({"PORTAL_BASE_URL": "portal.example"}, "PORTAL_BASE_URL has no host"),
     ({"PORTAL_EMAIL": "smtp", "PORTAL_SMTP_URL": "rubbish", "PORTAL_EMAIL_FROM": "us@portal.example"}, "PORTAL_SMTP_URL")],
)  # fmt: skip
def test_what_cannot_work_is_a_problem(settings, said):
    assert any(said in problem for problem in Settings.model_validate(settings).problems)
