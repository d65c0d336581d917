"""What one telephone may cost, whoever asks for its codes: so many a day, and so many failures in a row, which nothing but a
success of whoever holds it ends (promise 5)."""

from collections.abc import Callable

from portal.core.errors import Refused
from portal.core.events import Origin, note
from portal.core.identity.rows import CHALLENGES_A_DAY, COUNT_CHALLENGE, FAILED_AT, FAILURES_IN_A_ROW, FORGIVE, MOBILE_OF, REACHED
from portal.core.keys import Keys
from portal.core.languages import _
from portal.core.portal import Portal
from portal.core.statements import Writer
from portal.core.unsent import masked


class Shut(Refused):
    """No code is sent to that telephone, and none taken, whoever asks."""

    def __init__(self) -> None:
        super().__init__("failures_spent", _("Too many wrong codes for this number. Talk to a person: they can let you in."), status=429)


def key(keys: Keys, mobile: str) -> str:
    return keys.pseudonym("guard", mobile)


def counting(portal: Portal, tx: Writer, guard: str) -> Callable[[], None]:
    """Counts one more challenge; Refused when it is asked, and its transaction then undoes it."""
    counted = tx.soon(COUNT_CHALLENGE, key=guard, most=CHALLENGES_A_DAY if portal.sending_limited else 1_000_000)

    def check() -> None:
        if counted():
            return
        found = tx.one(FAILED_AT, key=guard)
        if found and found.failures >= FAILURES_IN_A_ROW:
            raise Shut
        raise Refused("challenges_spent", _("Too many codes were asked for this number. Talk to a person, or try tomorrow."), "phone", 429)

    return check


def forgive_holder(tx: Writer, keys: Keys, customer_id: str | None) -> None:
    """That customer has just shown that the mobile on file is in their hands."""
    found = tx.one(MOBILE_OF, customer_id=customer_id or "")
    if found:
        forgive(tx, keys, found.mobile)


def unlock(tx: Writer, keys: Keys, mobile: str, origin: Origin) -> bool:
    """For a customer whom a person has recognised. Whether there was something to forgive."""
    if not forgive(tx, keys, mobile):
        return False
    people = tx.all(REACHED, mobile=mobile)
    note(tx, origin, "code", "unlocked", reason=masked(mobile), customer_id=people[0].customer_id if len(people) == 1 else None)
    return True


def forgive(tx: Writer, keys: Keys, mobile: str) -> bool:
    """Whether there was something to forgive."""
    return tx.run(FORGIVE, key_=key(keys, mobile)) == 1
