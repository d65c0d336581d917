"""What is on a bill must not be found out by who knows an ID number alone: wrong guesses are counted, and few."""

from collections.abc import Iterator
from contextlib import contextmanager

from portal.core.case import Action, Proof
from portal.core.errors import Guess
from portal.core.identity import limits
from portal.core.party import Party
from portal.core.portal import Portal


@contextmanager
def counted(portal: Portal, who: Party, action: Action, function: str) -> Iterator[None]:
    """Counted before it is looked at, or many at once would all pass; what was no wrong guess is given back. Whoever guessed too often
    with one ID number is not told even what is right; whatever else they ask for, a person first of all, they still get."""
    if who.proof is not Proof.ID or function not in action.guessed:
        yield
        return
    one, wrong = (limits.guesses_by_id(), who.asked_as), False
    with portal.db.write() as tx:
        limits.spend(tx, one)
    try:
        yield
    except Guess:
        wrong = True
        raise
    finally:
        if not wrong:
            with portal.db.write() as tx:
                limits.give_back(tx, one)
