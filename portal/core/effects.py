"""What a step causes beside being shown, in the transaction that stores it: messages, and requests to be called."""

from portal.core import callbacks, links
from portal.core.case import Proof
from portal.core.errors import Refused
from portal.core.identity import limits
from portal.core.identity.rows import MOBILE_OF
from portal.core.languages import _
from portal.core.party import Party
from portal.core.portal import Portal
from portal.core.spans import DAY_MS
from portal.core.statements import Writer
from portal.core.steps import Handoff, Send, Step


def carry_out(portal: Portal, tx: Writer, party: Party, journey_id: str, turn: int, step: Step) -> None:
    for send in step.sends:
        _send(portal, tx, party, f"{journey_id}:{turn}", send)
    if isinstance(step, Handoff):
        _call_back(tx, party, journey_id, step)


def _send(portal: Portal, tx: Writer, party: Party, key: str, send: Send) -> None:
    """To the contact on file, never to one that was typed; with nobody to send to, a row that costs the same."""
    if party.proof < Proof.CODE and portal.sending_limited:
        limits.spend(tx, (limits.messages_by_id(), party.asked_as))
    to = _contact(tx, party, send.to)
    about, language = dict(send.about), party.person.language if party.person else party.language
    if send.kind == "link":
        about["link"] = links.make(tx, party.customer_id if to else None, about["action"], Proof.CODE, language, party.origin)
    portal.outbox.put(
        tx, send.kind, send.to if to else "none", to, key=f"{send.kind}:{send.to}:{key}", about=about, customer_id=party.customer_id,
        language=language, lifetime_ms=links.LIFETIME_MS if send.kind == "link" else DAY_MS,  # a link that is over opens nothing
    )  # fmt: skip


def _contact(tx: Writer, party: Party, channel: str) -> str:
    # A mobile that changed hands lately gets no link that lets in (promise 18). Nobody's is looked up too: it takes as long (10).
    found = tx.one(MOBILE_OF, customer_id=party.customer_id or "")
    if channel == "email":
        return party.person.email if party.person else ""
    return str(found.mobile) if found else ""


def _call_back(tx: Writer, party: Party, journey_id: str, step: Handoff) -> None:
    limits.spend(tx, (limits.callbacks_by_asker(), callbacks.asker(party)))
    if not step.phone:
        raise Refused("phone_missing", _("Type the number we should call."), "phone")
    callbacks.ask(tx, party, journey_id, step)
