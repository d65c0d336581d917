"""One-time codes by SMS: asked for, waited for, sent again.

A code is derived from its challenge when it is sent and when it is judged; it is stored nowhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portal.core.errors import Refused
from portal.core.events import Origin, note
from portal.core.identity import guards, limits
from portal.core.identity.limits import Spent
from portal.core.identity.rows import (
    CALLS,
    GUESSES,
    LEAD_TO,
    LIFETIME_MS,
    MOBILE_OF,
    NEW,
    ON_FILE,
    REACHED,
    RESEND_AFTER_MS,
    RESENDS,
    SEND_AGAIN,
    TOLD_WITHIN_MS,
    TYPED,
    WATCH,
)
from portal.core.keys import fingerprint, token
from portal.core.languages import Language, _, n_
from portal.core.portal import Portal
from portal.core.statements import Reader, Row, Writer


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a code, before anything is known of them: the cookie the browser has, if any, and where they came from."""

    browser: str
    address: str
    language: Language
    origin: Origin


@dataclass(frozen=True, slots=True)
class Waiting:
    """A challenge that waits for its code, as its page shows it. The same for a known and an unknown number, while nothing failed."""

    browser: str  # the cookie that it answers to
    next: str
    resend_in: int  # seconds
    resends_left: int
    guard: str = ""  # of the telephone, a customer's or not
    on_file: bool = False  # asked by an ID number: nothing of the number may be shown
    ending: str = ""  # its last two digits, where they were typed here
    sms_failed: bool = False
    call_failed: bool = False
    called: bool = False  # a call was the last thing sent
    call_in: int | None = None  # seconds until it may be asked for; None: it may not
    fresh: bool = True  # sent so lately that its vendor may still tell what became of it
    resent: bool = False  # and the earlier codes are dead
    over: Refused | None = None  # why no code of it is taken any more


def ask_by_mobile(portal: Portal, tx: Writer, asker: Asker, mobile: str, next: str) -> Waiting:
    """A code to a number that somebody typed, if it is a customer's; the same work and words if it is not."""
    return _start(portal, tx, asker, TYPED, mobile, tx.soon(REACHED, mobile=mobile), next)


def ask_by_id(portal: Portal, tx: Writer, asker: Asker, customer_id: str | None, asked_as: str, next: str) -> Waiting:
    """A code to the mobile on file of whoever an ID number named (promise 9); nobody's number has limits too."""
    found = tx.one(MOBILE_OF, customer_id=customer_id or "")
    mobile = found.mobile if found else ""
    people = [(customer_id, found.language)] if found and mobile else []
    return _start(portal, tx, asker, ON_FILE, mobile or f"nobody:{asked_as}", lambda: people, next)


def _start(
    portal: Portal, tx: Writer, asker: Asker, purpose: str, mobile: str, reached: Callable[[], Sequence[Any]], next: str
) -> Waiting:  # fmt: skip
    guard = guards.key(portal.keys, mobile)
    if (same := _just_asked(portal, tx, asker, purpose, guard)) is not None:
        tx.later(LEAD_TO, browser_=fingerprint(asker.browser), next_=next)
        return replace(same, next=next)
    prefix = mobile[:-4] if purpose == TYPED else ""
    for check in (limits.spending(tx, *sending(portal, asker, prefix)), guards.counting(portal, tx, guard)):
        check()
    people = reached()
    id, browser, customer_id = portal.keys.name(), token(), people[0][0] if len(people) == 1 else None
    tx.later(
        NEW, id=id, browser=fingerprint(browser), purpose=purpose, guard=guard, customer_id=customer_id,
        mobile=mobile if people else "", prefix=prefix, language=asker.language.value, channel=asker.origin.channel,
        source=asker.origin.source, next=next,
    )  # fmt: skip
    language = Language(people[0][1]) if len(people) == 1 else asker.language
    _send(portal, tx, id, 1, mobile if people else "", customer_id, language)
    note(tx, asker.origin, "code", "asked", customer_id=customer_id)
    return Waiting(browser, next, wait_ms(portal) // 1000, RESENDS, guard, on_file=purpose == ON_FILE)


def _just_asked(portal: Portal, tx: Writer, asker: Asker, purpose: str, guard: str) -> Waiting | None:
    """The same browser asks for the same number again, as a refresh does: the code that is on its way is still good. A number that
    is typed after an ID number is another question: else the answer would tell that it is the one on file."""
    row = tx.one(WATCH, browser=fingerprint(asker.browser)) if asker.browser else None
    if row is None or (row.purpose, row.guard) != (purpose, guard) or row.at - row.sent_at >= wait_ms(portal):
        return None
    return _waiting(portal, row, asker.browser) if row.attempts < GUESSES else None


def wait_ms(portal: Portal) -> int:
    return RESEND_AFTER_MS if portal.sending_limited else 0


def sending(portal: Portal, asker: Asker, prefix: str) -> tuple[Spent, ...]:
    """Before a vendor is called: the address, the range of numbers, and the hour's whole budget. A number on file costs no range:
    nobody chose it, and an answer that hung on its range would tell which one it is of, and that there is one."""
    if not portal.sending_limited:
        return ()
    by_range = ((limits.codes_by_prefix(), prefix),) if prefix else ()
    return ((limits.codes_by_address(), asker.address), *by_range, (limits.codes_by_hour(), ""))


def _send(portal: Portal, tx: Writer, id: str, sending: int, mobile: str, customer_id: str | None, language: Language) -> None:
    portal.outbox.put(
        tx, "code", "sms" if mobile else "none", mobile, key=f"code:{id}:{sending}", language=language, customer_id=customer_id,
        about={"challenge": id, "sending": str(sending)}, priority=0, lifetime_ms=LIFETIME_MS,
    )  # fmt: skip


def send_again(portal: Portal, tx: Writer, asker: Asker) -> None:
    """A new code; the old one is dead, and the guesses stay counted (promise 7)."""
    row = tx.one(SEND_AGAIN, browser_=fingerprint(asker.browser), wait_=wait_ms(portal))
    if row is None:
        raise _not_again(waiting(portal, tx, asker.browser))
    limits.spend(tx, *sending(portal, asker, row.prefix))
    _send(portal, tx, row.id, row.sendings, row.mobile, row.customer_id, spoken_by(tx, row))
    forget_earlier(portal, tx, row)
    note(tx, asker.origin, "code", "asked again", customer_id=row.customer_id)


def forget_earlier(portal: Portal, tx: Writer, challenge: Row) -> None:
    """An SMS that waits for its vendor would come after the new code, and be taken for it."""
    portal.outbox.drop(tx, f"code:{challenge.id}:{challenge.sendings - 1}")


def _not_again(waits: Waiting | None) -> Refused:
    """No fault of the code that may have come by now."""
    if waits and waits.over:
        return waits.over
    said = _("We cannot send another code yet. Look for the last SMS, or talk to a person.")
    if waits and waits.resends_left:
        said = n_("We can send another code in {n} second.", "We can send another code in {n} seconds.", waits.resend_in or 1)
    return Refused("resend_wait", said, status=429)


def spoken_by(tx: Reader, challenge: Row) -> Language:
    """The customer's own language, where it is known whose telephone it is. Nobody's is looked up too: it takes as long (promise 10)."""
    known = tx.one(MOBILE_OF, customer_id=challenge.customer_id or "")
    return Language(known.language if known else challenge.language)


def waiting(portal: Portal, reader: Reader, browser: str) -> Waiting | None:
    """What this browser waits for."""
    row = reader.one(WATCH, browser=fingerprint(browser)) if browser else None
    return _waiting(portal, row, browser) if row else None


def _waiting(portal: Portal, row: Row, browser: str) -> Waiting:
    seconds = max(0, -(-(row.sent_at + wait_ms(portal) - row.at) // 1000))
    typed, spent = row.purpose == TYPED, _spent(row)
    return Waiting(
        browser, row.next, seconds, 0 if spent else max(0, RESENDS + 1 - row.sendings), row.guard, not typed,
        row.mobile[-2:] if typed else "", bool(row.sms_failed), bool(row.call_failed), bool(row.called), _call_in(portal, row, seconds),
        row.at - row.sent_at < TOLD_WITHIN_MS, row.sendings > 1,
        why_not(row, bool(row.shut)) if spent or row.expires_at <= row.at else None,
    )  # fmt: skip


def _spent(row: Row) -> bool:
    return bool(row.shut) or row.attempts >= GUESSES


def _call_in(portal: Portal, row: Row, seconds: int) -> int | None:
    """As the statement CALL decides it."""
    asked = row.sms_failed or row.sendings > RESENDS or row.calls
    if "voice" not in portal.messages or not asked or row.calls >= CALLS or _spent(row):
        return None
    return seconds if row.calls or not row.sms_failed else 0


def why_not(row: Row | None, shut: bool) -> Refused:
    if row is None:
        return Refused("code_none", _("This code was used already, or belongs to another browser. Ask for a new one."), "code")
    if shut:
        return guards.Shut()
    if row.attempts >= GUESSES:
        return guesses_spent()
    return Refused("code_expired", _("The code is older than five minutes. Ask for a new one."))


def guesses_spent() -> Refused:
    return Refused("guesses_spent", _("That was five wrong codes. Ask for a new code, or talk to a person."), status=429)
