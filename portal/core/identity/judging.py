"""One-time codes judged: each guess is counted first and compared after the commit, so that no two processes can share a count
(promise 4).
"""

from dataclasses import dataclass
from hmac import compare_digest

from portal.core.errors import Refused
from portal.core.events import Origin, note
from portal.core.identity import limits
from portal.core.identity.challenges import guesses_spent, why_not
from portal.core.identity.rows import COUNT_FAILURE, COUNT_GUESS, FORGIVE, GUESSES, OF_BROWSER, USE
from portal.core.keys import fingerprint
from portal.core.languages import _
from portal.core.portal import Portal
from portal.core.statements import Row, Writer


@dataclass(frozen=True, slots=True)
class Judged:
    """A guess that was counted, not yet compared."""

    challenge: Row
    breaker_open: bool


def count_guess(tx: Writer, browser: str, address: str) -> Judged:
    """Count first; the caller commits, then asks `is_right`. Refused where nothing may be judged any more; what was counted with it
    is undone."""
    key = fingerprint(browser)
    spent = limits.spending(tx, (limits.answers_by_address(), address))
    guess = tx.soon(COUNT_GUESS, browser_=key)
    failure = tx.soon(COUNT_FAILURE, browser_=key, breaker=limits.wrong_answers().key(""))
    spent()
    guessed, failed = guess(), failure()
    if guessed and failed:
        return Judged(guessed[0], bool(failed[0].breaker_open))
    row = tx.one(OF_BROWSER, browser=key)
    raise why_not(row, shut=row is not None and bool(row.shut) and not failed)


def is_right(portal: Portal, said: str, challenge: Row) -> bool:
    """Six digits, compared in constant time. A number that is nobody's has no right answer."""
    fixed = portal.fixed_codes.get(challenge.mobile)
    right = compare_digest(said.encode(), fixed.encode()) if fixed else portal.keys.code_is(said, challenge.id, challenge.sendings)
    return bool(challenge.mobile) and right


def consume(tx: Writer, challenge: Row) -> bool:
    """Used by this call alone: of twenty parallel right answers one is told True (promise 3)."""
    if tx.run(USE, id_=challenge.id, sendings_=challenge.sendings) != 1:
        return False
    tx.later(FORGIVE, key_=challenge.guard)
    return True


def refuse(portal: Portal, tx: Writer, said: str, challenge: Row, origin: Origin) -> Refused:
    """Why a counted guess was not right, noted."""
    note(tx, origin, "code", "refused", reason="wrong", customer_id=challenge.customer_id)
    try:
        limits.spend(tx, (limits.wrong_answers(), ""))
    except Refused:
        note(tx, origin, "code", "alert", reason="wrong answers beyond honest typing")
    earlier = range(1, challenge.sendings)
    if challenge.mobile and any([portal.keys.code_is(said, challenge.id, sending) for sending in earlier]):
        return Refused("code_old", _("This is an earlier code. Type the one in the newest SMS."), "code")
    if challenge.attempts >= GUESSES:
        return guesses_spent()
    return Refused("code_wrong", _("The code is not right. Look at the last SMS and try again."), "code")
