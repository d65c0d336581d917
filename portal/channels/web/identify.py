"""Identifying: a code by SMS, or an ID number. A known and an unknown number see the same pages, in the same time."""

from collections.abc import Callable
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from portal.channels.web.call import FORGOTTEN, HOME, Call, identify
from portal.channels.web.delivery import delivery, is_watched, typed_here
from portal.channels.web.page import OWN
from portal.channels.web.pages import Pages, refusal
from portal.core import typed
from portal.core.case import Proof
from portal.core.errors import Refused
from portal.core.events import Origin
from portal.core.identity import calls, challenges, judging, people, visits
from portal.core.identity.challenges import Asker, Waiting
from portal.core.identity.guards import Shut
from portal.core.identity.rows import LIFETIME_MS
from portal.core.languages import _
from portal.core.portal import Portal
from portal.core.statements import Row, Writer

TITLE = _("Who are you?")
CODE = _("The code we sent")
SHUT = _("Talk to a person")
ENDED = _("Your visit ended to keep your details safe. Identify to go on.")
ENDED_UNSENT = _("Your visit ended to keep your details safe. What you sent just now was not done, and took no money. Identify to go on.")
PAID = _("If you approved the payment, do not pay again. With a code by SMS you see your receipt here.")
# While wrong answers come from everywhere, each answer takes this long (promise 6).
SLOWER_SECONDS = 2.0


def ask(call: Call, pages: Pages) -> Response:
    return _form(call, pages, notice=_notice(call), own=_typed_before(call) if "mend" in call.query else "")


def _notice(call: Call) -> str:
    """Whoever comes from the payment provider may have paid, in a visit that ended meanwhile or in another browser."""
    if _from_paying(call):
        return PAID.say(call.language)
    return _ended(call) if call.visit_ended else ""


def _from_paying(call: Call) -> bool:
    return "returned=1" in call.next


def _typed_before(call: Call) -> str:
    """For who comes back to mend a digit."""
    try:
        return typed.mobile(call.kept("typed"), call.portal.company.sms_countries).national()
    except Refused:
        return ""


def _ended(call: Call) -> str:
    """Of the form alone is it known that it took no money: a payment made before may have."""
    return (ENDED_UNSENT if "unsent" in call.query else ENDED).say(call.language)


def _form(call: Call, pages: Pages, refused: Refused | None = None, notice: str = "", own: str = "") -> Response:
    call.shown_at = "/identify"
    return pages.html(
        call, "identify.html", TITLE, status=refused.status if refused else 200, benefit=not _from_paying(call), notice=notice,
        next=call.next, source=call.origin.source, phone=OWN if own else call.form.get("phone", ""),
        id_number=call.form.get("id_number", ""), refusal=refusal(refused) if refused else None, own=own,
    )  # fmt: skip


def by_phone(call: Call, pages: Pages) -> Response:
    try:
        mobile = typed.mobile(call.form.get("phone", ""), call.portal.company.sms_countries)
        with call.portal.db.write() as tx:
            waiting = challenges.ask_by_mobile(call.portal, tx, _asker(call), mobile.e164, call.next)
    except Shut as shut:
        return _shut(call, pages, shut, "/identify", call.next)
    except Refused as refused:
        return _form(call, pages, refused)
    call.cookies["typed"] = mobile.e164
    return _asked(call, pages, waiting, mobile.national())


def by_id(call: Call, pages: Pages) -> Response:
    """Level 1: it identifies and proves nothing. What it was asked for offers the code in place."""
    try:
        number = typed.id_number(call.form.get("id_number", ""))
        asked_as = call.portal.keys.pseudonym("id number", number)
        with call.portal.db.write() as tx:
            customer_id = people.by_id_number(tx, number, asked_as, call.address)
            old = call.visitor.visit_id if call.visitor else ""
            cookie = visits.begin(tx, Proof.ID, customer_id, call.language, call.origin, instead_of=old, asked_as=asked_as)
    except Refused as refused:
        return _form(call, pages, refused)
    call.cookies |= {"visit": cookie, **FORGOTTEN}
    return RedirectResponse(call.next, 303)


def step_up(call: Call, pages: Pages) -> Response:
    """A code to the mobile on file of the ID number that was typed; the number itself is not shown, nor whether there is one."""
    visitor = call.visitor
    if visitor is None or not visitor.asked_as:
        return RedirectResponse(identify(call.next), 303)
    customer_id = visitor.person.customer_id if visitor.person else None
    try:
        with call.portal.db.write() as tx:
            waiting = challenges.ask_by_id(call.portal, tx, _asker(call), customer_id, visitor.asked_as, call.next)
    except Shut as shut:
        return _shut(call, pages, shut, "/identify", call.next)
    return _asked(call, pages, waiting)


def _asked(call: Call, pages: Pages, waiting: Waiting, own: str = "") -> Response:
    call.cookies["code"] = waiting.browser
    return _code_page(call, pages, waiting, own=own)


def _code_page(call: Call, pages: Pages, waiting: Waiting, refused: Refused | None = None, own: str = "") -> Response:
    if isinstance(waiting.over, Shut):
        return _shut(call, pages, waiting.over, "/identify/code", waiting.next, 429 if refused else 200)
    call.shown_at = "/identify/code"
    said, own = refused or waiting.over, own or typed_here(call, waiting)
    return pages.html(
        call, "code.html", CODE, status=refused.status if refused else 200, next=waiting.next, resend_in=waiting.resend_in,
        resends_left=waiting.resends_left, minutes=LIFETIME_MS // 60_000, refusal=refusal(said) if said else None,
        delivery=delivery(call, waiting, own), over=waiting.over is not None, own=own,
    )  # fmt: skip


def _shut(call: Call, pages: Pages, shut: Shut, at: str, next: str, status: int = 429) -> Response:
    """Nothing that could be typed here would help: the ways to a person, who can."""
    call.shown_at = at
    return pages.html(call, "shut.html", SHUT, status=status, next=next, refusal=refusal(shut))


def code_page(call: Call, pages: Pages) -> Response:
    """The page again, after a refresh or a change of language."""
    waiting = _waiting(call)
    return _code_page(call, pages, waiting) if waiting.browser else RedirectResponse(identify(call.next), 303)


def _waiting(call: Call) -> Waiting:
    with call.portal.db.read() as reader:
        return challenges.waiting(call.portal, reader, call.kept("code")) or Waiting("", call.next, 0, 0, fresh=False)


def resend(call: Call, pages: Pages) -> Response:
    return _once_more(call, pages, challenges.send_again)


def call_me(call: Call, pages: Pages) -> Response:
    """The code by telephone: the same answer for everybody."""
    return _once_more(call, pages, calls.call)


def _once_more(call: Call, pages: Pages, send: Callable[[Portal, Writer, Asker], None]) -> Response:
    refused = None
    try:
        with call.portal.db.write() as tx:
            send(call.portal, tx, _asker(call))
    except Refused as why:
        refused = why
    return _code_page(call, pages, _waiting(call), refused)


def news(call: Call, pages: Pages) -> Response:
    """What a page that waits asks for: no content while there is none."""
    waiting = _waiting(call)
    if waiting.browser and is_watched(waiting):
        return Response(status_code=204)
    own = typed_here(call, waiting)
    return pages.html(call, "parts/delivery.html", CODE, benefit=False, delivery=delivery(call, waiting, own), next=waiting.next, own=own)


async def by_code(call: Call, pages: Pages) -> Response:
    """Count, commit, compare: in this order (promise 4)."""
    portal = call.portal
    try:
        said = typed.code(call.form.get("code", ""))
        with portal.db.write() as tx:
            judged = judging.count_guess(tx, call.kept("code"), call.address)
        if (pending := portal.db.durable()) is not None:
            await pending
        call.delay = SLOWER_SECONDS if judged.breaker_open else 0.0
        if not judging.is_right(portal, said, judged.challenge):
            with portal.db.write() as tx:
                why = judging.refuse(portal, tx, said, judged.challenge, call.origin)
            raise why
        return _let_in(call, judged.challenge)
    except Refused as refused:
        return _code_page(call, pages, _waiting(call), refused)


def _let_in(call: Call, challenge: Row) -> Response:
    origin = Origin(challenge.channel, challenge.source)
    old = call.visitor.visit_id if call.visitor else ""
    with call.portal.db.write() as tx:
        if not judging.consume(tx, challenge):
            raise Refused("code_used", _("This code was used already. Ask for a new one."), "code")
        known = challenge.customer_id is not None
        cookie = visits.begin(
            tx, Proof.CODE if known else Proof.NOTHING, challenge.customer_id, call.language, origin,
            instead_of=old, mobile="" if known else challenge.mobile, coded=True,
        )  # fmt: skip
    call.cookies |= {"visit": cookie, **FORGOTTEN}
    next = call.next if call.next != HOME else challenge.next
    return RedirectResponse(next if known else f"/identify/customer?next={quote(next)}", 303)


def leave(call: Call, pages: Pages) -> Response:
    if call.visitor:
        with call.portal.db.write() as tx:
            visits.leave(tx, call.visitor)
    call.cookies |= {"visit": "", **FORGOTTEN}
    return RedirectResponse("/?left=1", 303)


def _asker(call: Call) -> Asker:
    return Asker(call.kept("code"), call.address, call.language, call.origin)
