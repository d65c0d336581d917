"""`portal check`: settings, database, keys, vendors; each line ok, or what to do."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from portal.cli import starting

if TYPE_CHECKING:
    from portal.settings import Settings


def check() -> None:
    """Whether everything is there that a start needs."""
    wrong = 0
    for ok, line in _findings():
        typer.echo(f"{'ok   ' if ok else 'WRONG'} {line}")
        wrong += not ok
    raise typer.Exit(1 if wrong else 0)


def _findings() -> Iterator[tuple[bool, str]]:
    from portal.settings import SANDBOX_KEY, read

    try:
        settings = read()
    except ValueError as error:
        yield False, str(error)
        return
    yield True, f"mode is {settings.mode}, at {settings.base_url}"
    for name in _strangers(settings):
        yield True, f"{name} is set, and is no setting: is it misspelt?"
    for problem in settings.problems:
        yield False, problem
    if not settings.problems:
        own = SANDBOX_KEY not in settings.keys
        yield True, f"{len(settings.keys)} secret key(s)" if own else "the sandbox's secret key: set PORTAL_SECRET_KEYS before going live"
    yield _company(settings)
    yield _database(settings.database_url)
    yield True, f"SMS by {settings.sms}, e-mail by {settings.email}, payments by {settings.payments}"
    if settings.live and settings.test_phones:
        yield True, "PORTAL_TEST_PHONES is set: whoever knows an agreed code is in as that customer; list no customer's telephone"
    yield from _host(settings)
    if settings.sms == "twilio" and not settings.problems:
        yield from _sms(settings)
    if settings.payments == "stripe" and not settings.problems:
        yield _payments(settings)
    if settings.billing == "http" and not settings.problems:
        yield _billing(settings)


def _host(settings: "Settings") -> Iterator[tuple[bool, str]]:
    from portal.core.messages import longest_host

    if len(settings.host) > (most := longest_host()):
        yield True, f"a code is two SMS, and costs as much: the host {settings.host} has more than {most} characters"


def _strangers(settings: "Settings") -> list[str]:
    from pydantic_settings import DotEnvSettingsSource

    known = {str(field.validation_alias) for field in type(settings).model_fields.values()} | {starting.SEPARATE}
    given = {name.upper() for name in (*os.environ, *DotEnvSettingsSource(type(settings)).env_vars)}
    return sorted(name for name in given - known if name.startswith("PORTAL_"))


def _company(settings: "Settings") -> tuple[bool, str]:
    try:
        demo = ", the demo company's: is PORTAL_COMPANY forgotten?" if settings.live and settings.company is None else ""
        return True, f"company {starting.company(settings).legal_name}{demo}"
    except ValueError as error:
        return False, str(error)


def _billing(settings: "Settings") -> tuple[bool, str]:
    from portal.app import billing_store, open_database
    from portal.core.errors import BillsUnseen

    db = open_database(settings.database_url)
    try:
        return True, f"billing at {settings.billing_url} {billing_store(settings, db).check()}"
    except BillsUnseen as silent:
        return False, f"billing at {settings.billing_url}: {silent}: check PORTAL_BILLING_URL and PORTAL_BILLING_KEY, and that it runs"
    finally:
        db.close()


def _sms(settings: "Settings") -> Iterator[tuple[bool, str]]:
    from portal.adapters import twilio
    from portal.core.errors import VendorError

    client = twilio.client(settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value(), settings.twilio_api_base)
    try:
        yield True, f"SMS: Twilio's account {twilio.account(client)}"
    except VendorError as error:
        yield False, f"SMS: {error}: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, and that this machine reaches api.twilio.com"
    by_call = f"{settings.calls_from} calls" if settings.calls_from else "no call is offered: set TWILIO_VOICE_FROM to a number"
    yield True, f"where no SMS arrives, {by_call}"


def _payments(settings: "Settings") -> tuple[bool, str]:
    from portal.app import payment_provider
    from portal.core.errors import VendorError
    from portal.core.keys import Keys

    try:
        return True, f"payments: {payment_provider(settings, Keys.of(settings.keys)).check()}"
    except VendorError as error:
        return False, f"payments: {error}: check STRIPE_API_KEY, and that this machine reaches api.stripe.com"


def _database(url: str) -> tuple[bool, str]:
    from portal.migrations import newest

    try:
        starting.database(url)
    except ValueError as error:
        return False, str(error)
    return True, f"database at revision {newest()}"
