"""Requests to be called, each with a number that the customer can say to a person."""

from sqlmodel import col, select

from portal.core.case import Proof
from portal.core.errors import Unavailable
from portal.core.keys import Keys
from portal.core.party import Party
from portal.core.portal import Portal
from portal.core.spans import MINUTE_MS
from portal.core.statements import Statement, Writer, insert, now, p
from portal.core.steps import Handoff
from portal.core.tables import Callback

# What a person reads out is not misheard: no letters or digits that sound or look alike.
ALPHABET = "ACDEFHJKMNPRTUVWXY3479"
LENGTH = 6
# A form is sent again by a refresh, a double tap, or whoever is not sure that it went.
AGAIN_MS = 5 * MINUTE_MS

_waits = col(Callback.taken_at).is_(None)
WAITING = Statement(select(Callback.id).where(col(Callback.reference) == p("reference"), _waits))
_new = insert(Callback).values(
    reference=p("reference"), customer_id=p("customer_id"), journey_id=p("journey_id"), phone=p("phone"), topic=p("topic"),
    preferred=p("preferred"), language=p("language"), channel=p("channel"), proved=p("proved"), asked_at=now(),
)  # fmt: skip
_same = (col(Callback.phone) == _new.excluded.phone) & (col(Callback.topic) == _new.excluded.topic)
ASK = Statement(_new.on_conflict_do_update(index_elements=["reference"], set_={"asked_at": col(Callback.asked_at)}, where=_same & _waits))


def number(portal: Portal, who: Party, phone: str, topic: str, when: str) -> str:
    """Made of who asks for what in which five minutes: two that come at once have the same one, and are one request. Whoever asks the
    same in the next five minutes gets it again."""
    said = (asker(who), phone, topic, when)
    before, new = (_derived(portal.keys, *said, str(who.at // AGAIN_MS + n)) for n in (-1, 0))
    with portal.db.read() as reader:
        return before if reader.one(WAITING, reference=before) else new


def asker(who: Party) -> str:
    """The customer who proved it, else the address: an ID number that was only typed must not be told from nobody's."""
    return (who.proof is Proof.CODE and who.customer_id) or who.address


def _derived(keys: Keys, *said: str) -> str:
    left, letters = int(keys.pseudonym("callback", "\n".join(said)), 16), ""
    while len(letters) < LENGTH:
        left, letter = divmod(left, len(ALPHABET))
        letters += ALPHABET[letter]
    return letters


def ask(tx: Writer, who: Party, journey_id: str, step: Handoff) -> None:
    """The same number again changes nothing. Raises Unavailable where it is another request's: the next one's is another."""
    asked = tx.run(
        ASK, reference=step.reference, customer_id=who.customer_id if who.proof is Proof.CODE else None, journey_id=journey_id,
        phone=step.phone, topic=step.topic, preferred=step.when, language=who.language.value, channel=who.origin.channel,
        proved=int(who.proof),
    )  # fmt: skip
    if not asked:
        raise Unavailable("the number of a request is taken")
