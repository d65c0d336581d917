"""The composition root: the only place that chooses."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette

from portal import actions
from portal.adapters.billing import EmbeddedBilling
from portal.adapters.papers import TypstPapers
from portal.adapters.sandbox_messages import SandboxMessages
from portal.adapters.sandbox_payments import SandboxPayments
from portal.adapters.smtp import Smtp
from portal.adapters.sqlite import SQLite
from portal.channels import sandbox, webhooks
from portal.channels.web import door, table
from portal.channels.web.look import Look
from portal.channels.web.pages import Pages
from portal.core import company as companies
from portal.core import housekeeping, journey, payments
from portal.core.keys import Keys
from portal.core.languages import reword
from portal.core.outbox import Outbox
from portal.core.payments import telling
from portal.core.portal import Portal
from portal.core.ports import Billing, Messages, Payments
from portal.core.statements import Database
from portal.core.telephony import Telephony
from portal.core.worker import Chore, Worker
from portal.paths import DEMO, STATIC, TEMPLATES
from portal.settings import Settings

ASK_EVERY_SECONDS = 20.0
# A refund that no notice told is found within the hour.
LOOK_BACK_EVERY_SECONDS = 3600.0
SWEEP_EVERY_SECONDS = 3600.0


def build(settings: Settings, *, separate_worker: bool = False, **replacements: Any) -> Starlette:
    """The portal as an ASGI application. `replacements` take the place of parts of the Portal, for tests: `billing=..`, `payments=..`.

    Raises ValueError, with what to set, where a start would be unsafe.
    """
    if settings.problems:
        raise ValueError("; ".join(settings.problems))
    portal = replace(parts(settings, separate_worker=separate_worker), **replacements)
    pages = Pages(portal, TEMPLATES, Look(STATIC, portal.company.colour))
    trusted = frozenset(filter(None, (proxy.strip() for proxy in settings.trusted_proxies.split(","))))
    headers = _headers(portal, pages.look.style_hash)
    doors = (*table.DOORS, *webhooks.DOORS, *sandbox.DOORS)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        portal.db.share_commits()
        worker = None if separate_worker else Worker(portal, CHORES)
        if worker:
            worker.start()
        yield
        if worker:
            await asyncio.to_thread(worker.stop)
        portal.db.close()

    doorways = door.Doorways(portal, pages, trusted, [*headers, (b"cache-control", b"no-store")])
    app = Starlette(routes=[*doorways.routes(doors), *pages.look.routes(headers)], lifespan=lifespan)
    app.router.redirect_slashes = False  # it redirects to whatever Host was said (promise 25)
    app.router.default = doorways.nowhere()
    # Every answer, errors included, is made behind a doorway: Starlette's own layers would only wrap each of them again.
    app.middleware_stack = door.Crossing(app.router)
    app.state.portal = portal
    app.state.doors = doors
    return app


def parts(settings: Settings, *, separate_worker: bool = False) -> Portal:
    company = companies.read(settings.company or DEMO)
    reword(company.wording)
    keys = Keys.of(settings.keys)
    db = open_database(settings.database_url)
    billing = billing_store(settings, db)
    messages, telephony = _messages(settings)
    return Portal(
        company=company,
        base_url=settings.base_url,
        keys=keys,
        db=db,
        billing=billing,
        payments=payment_provider(settings, keys),
        messages=messages,
        telephony=telephony,
        papers=TypstPapers(company),
        actions=actions.found(),
        outbox=Outbox(separate=separate_worker),
        couriers={telling.CHANNEL: telling.Courier(db, billing)} if billing.remote else {},
        live=settings.live,
        sending_limited=settings.limits == "on",
        fixed_codes=_fixed_codes(settings.test_phones),
    )


def open_database(url: str) -> Database:
    if url.startswith("sqlite:///"):
        return SQLite(Path(url.removeprefix("sqlite:///")))
    from portal.adapters.postgres import Postgres  # its driver is a tenth of a start

    return Postgres(url)


def _messages(settings: Settings) -> tuple[dict[str, Messages], Telephony | None]:
    """Who takes which channel, and who tells us what became of it."""
    smtp = settings.email == "smtp"
    email: Messages = Smtp(settings.smtp_url.get_secret_value(), settings.email_from) if smtp else SandboxMessages()
    if settings.sms == "sandbox":
        return {"sms": SandboxMessages(), "voice": SandboxMessages(), "email": email}, None
    from portal.adapters import twilio  # half a second that a sandbox need not wait

    token, base_url = settings.twilio_auth_token.get_secret_value(), settings.base_url
    client = twilio.client(settings.twilio_account_sid, token, settings.twilio_api_base)
    vendors: dict[str, Messages] = {"sms": twilio.TwilioMessages(client, settings.twilio_from, base_url), "email": email}
    if settings.calls_from:
        vendors["voice"] = twilio.TwilioCalls(client, settings.calls_from, base_url)
    return vendors, twilio.TwilioNotices(token, base_url)


def billing_store(settings: Settings, db: Database) -> Billing:
    if settings.billing == "http":
        from portal.adapters.billing.http import HttpBilling  # its client is not needed otherwise

        return HttpBilling(db, settings.billing_url, settings.billing_key.get_secret_value())
    return EmbeddedBilling(db)


def payment_provider(settings: Settings, keys: Keys) -> Payments:
    if settings.payments == "stripe":
        from portal.adapters.stripe_payments import StripePayments  # 0.7 s that a sandbox need not wait

        return StripePayments(settings.stripe_api_key.get_secret_value(), settings.stripe_secrets, settings.stripe_api_base)
    return SandboxPayments(_sandbox_file(settings), settings.base_url, keys)


def _sandbox_file(settings: Settings) -> Path:
    """Beside the database where that is a file: the provider is somebody else's system, and all our processes see the same one."""
    if settings.database_url.startswith("sqlite:///"):
        return Path(settings.database_url.removeprefix("sqlite:///")).parent / "sandbox-payments.db"
    return Path("var") / f"sandbox-payments-{urlsplit(settings.database_url).path.strip('/')}.db"


def _fixed_codes(listed: str) -> dict[str, str]:
    return dict(pair.strip().split("=", 1) for pair in listed.split(",") if "=" in pair)


def _ask_about_payments(portal: Portal) -> None:
    payments.ask_about(portal.db, portal.payments, lambda provider, heard: journey.settle(portal, provider, heard))


def _ask_what_went_back(portal: Portal) -> None:
    payments.look_back(portal.db, portal.payments, int(time.time() * 1000))


CHORES: tuple[Chore, ...] = (
    ("ask about payments", ASK_EVERY_SECONDS, _ask_about_payments),
    ("ask what went back", LOOK_BACK_EVERY_SECONDS, _ask_what_went_back),
    ("sweep", SWEEP_EVERY_SECONDS, housekeeping.sweep),
)


def _headers(portal: Portal, style_hash: str) -> list[tuple[bytes, bytes]]:
    """On every response (promise 41). The style stands in the page, and its hash here; nothing may be evaluated."""
    pay_at = portal.payments.form_action
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'{style_hash}'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'" if pay_at in ("", portal.base_url) else f"'self' {pay_at}",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "content-security-policy": "; ".join(f"{k} {v}" for k, v in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), otp-credentials=(self)",
    }
    if portal.live:
        headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"
    return [(k.encode(), v.encode()) for k, v in headers.items()]
