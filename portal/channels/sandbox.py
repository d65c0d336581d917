"""The sandbox: a telephone's screen, a payment provider's page, and a clock that can be moved on. Not there in live mode."""

import json
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import update
from sqlmodel import col, select
from starlette.responses import JSONResponse, RedirectResponse, Response

from portal.channels.web.call import Call
from portal.channels.web.door import Door
from portal.channels.web.pages import Pages
from portal.core import messages
from portal.core.errors import NotFound, Unexpected
from portal.core.languages import _, moment
from portal.core.outbox import COLUMNS, job
from portal.core.ports import Message
from portal.core.statements import Row, Statement, constant, p
from portal.core.tables import Clock, Outbox

PHONE = _("A telephone")
PAY = _("Sandbox payment")
NEWEST = 50
DECISIONS = ("approve", "decline", "abandon")
# What the company or the customer's bank does later with money that was taken.
REVERSALS = {
    "refund": _("The company gives the money back"),
    "refund_failed": _("The bank does not take what was given back"),
    "dispute": _("The customer disputes it at their bank"),
    "dispute_won": _("The company wins the dispute"),
}
ENDED = {
    "approved": _("This order is paid."),
    "declined": _("The card was declined."),
    "abandoned": _("This order was abandoned."),
    "expired": _("This page was open too long and is closed."),
}
NOTICES = ("now", "late", "twice", "never")

SHOWN: tuple[Any, ...] = (*COLUMNS, Outbox.finished_at)
# Neither what a courier carries nor a decoy is a message.
_said = col(Outbox.channel).in_([constant(channel) for channel in sorted({channel for _kind, channel in messages.COMPOSERS})])
_sent = select(*SHOWN).where(col(Outbox.state) == constant("sent"), _said)
_newest = _sent.order_by(col(Outbox.id).desc()).limit(NEWEST)
SENT = Statement(_newest)
SENT_TO = Statement(_newest.where(col(Outbox.recipient) == p("to")))
ADVANCE = Statement(update(Clock).where(col(Clock.id) == 1).values(offset_ms=col(Clock.offset_ms) + p("ms_")))


class Till(Protocol):
    """The sandbox's provider, as its own page uses it."""

    def order(self, reference: str) -> Any: ...
    def decide(self, reference: str, decision: str, delivery: str) -> Any: ...
    def reverse(self, reference: str, kind: str, minor: int | None, delivery: str) -> bool: ...


def _messages(call: Call) -> list[tuple[Row, Message]]:
    """Composed anew from what they were about: no code is kept, not even here."""
    to = call.query.get("to", "").replace(" ", "+")
    with call.portal.db.read() as reader:
        rows = reader.all(SENT_TO, to=to) if to else reader.all(SENT)
    return [(row, said) for row in rows if (said := _composed(call, row))]


def _composed(call: Call, row: Row) -> Message | None:
    try:
        return messages.compose(call.portal, job(row), attach=False)
    except messages.Unknown:  # its invoice is gone, or its key retired
        return None


def listed(call: Call, pages: Pages) -> Response:
    return JSONResponse(
        [
            {"id": row.id, "to": said.to, "channel": said.channel, "body": _body(said), "sent_at": _sent_at(row).isoformat()}
            for row, said in _messages(call)
        ]
    )


def _body(said: Message) -> str:
    attached = "".join(f"\n[{one.name}]" for one in said.attached)
    return f"{said.subject}\n\n{said.body}{attached}" if said.subject else said.body


def _sent_at(row: Row) -> datetime:
    return datetime.fromtimestamp(row.finished_at / 1000, UTC)


def phone(call: Call, pages: Pages) -> Response:
    zone = call.portal.company.zone
    shown = [
        {"to": said.to, "channel": said.channel, "body": _body(said), "sent_at": f"{moment(row.finished_at, zone):%H:%M:%S}"}
        for row, said in _messages(call)
    ]
    return pages.html(call, "sandbox/phone.html", PHONE, benefit=False, to=call.query.get("to", "").replace(" ", "+"), messages=shown)


def till(call: Call, pages: Pages) -> Response:
    order = _till(call).order(call.param["reference"])
    if order is None:
        raise NotFound("order")
    return pages.html(
        call, "sandbox/pay.html", PAY, benefit=False, amount=order.charge, merchant=call.portal.company.named(call.language),
        description=order.description, action=call.path, ended=ENDED.get(order.status), back=order.after,
        reversals=[(kind, label) for kind, label in REVERSALS.items() if order.most(kind)],
    )  # fmt: skip


def decide(call: Call, pages: Pages) -> Response:
    decision, notice = call.form.get("decision", ""), call.form.get("notice", "now")
    if decision not in (*DECISIONS, *REVERSALS) or notice not in NOTICES:
        raise Unexpected("decision or notice")
    if decision in REVERSALS:
        _till(call).reverse(call.param["reference"], decision, None, notice)
        return RedirectResponse(call.path, 303)
    after = _till(call).decide(call.param["reference"], decision, notice)
    if not after:
        raise NotFound("order")
    return RedirectResponse(after, 303)


def _till(call: Call) -> Till:
    provider: Any = call.portal.payments
    if provider.name != "sandbox":
        raise NotFound("till")
    till: Till = provider
    return till


def advance(call: Call, pages: Pages) -> Response:
    """For tests and load: limits a day do not wait a day."""
    try:
        seconds = json.loads(call.body)["advance_seconds"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unexpected("advance_seconds") from error
    if not isinstance(seconds, int | float) or not 0 <= seconds <= 400 * 86_400:
        raise Unexpected("advance_seconds")
    with call.portal.db.write() as tx:
        tx.run(ADVANCE, ms_=int(seconds * 1000))
    return JSONResponse({"advanced_seconds": seconds})


DOORS = (
    Door("/sandbox/messages", listed, sandbox=True),
    Door("/sandbox/phone", phone, sandbox=True),
    Door("/sandbox/pay/{reference}", till, sandbox=True, slow=True),
    Door("/sandbox/pay/{reference}", decide, "POST", fields=frozenset({"decision", "notice"}), sandbox=True, slow=True),
    Door("/sandbox/clock", advance, "POST", raw=True, sandbox=True),
)
