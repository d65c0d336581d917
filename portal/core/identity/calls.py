"""The code by telephone, for whom no SMS reaches. A call says the code that the last SMS has: whichever comes first is right.

Only a code that is about to die is replaced by a new one. What is said is derived when somebody answers and presses a key.
"""

from dataclasses import replace

from portal.core import deliveries
from portal.core.errors import Refused
from portal.core.events import note
from portal.core.identity import limits
from portal.core.identity.challenges import Asker, forget_earlier, sending, spoken_by, wait_ms
from portal.core.identity.rows import CALL, CALL_MS, GOOD
from portal.core.keys import fingerprint
from portal.core.languages import _
from portal.core.outbox import Job
from portal.core.portal import Portal
from portal.core.statements import Reader, Writer


def call(portal: Portal, tx: Writer, asker: Asker) -> None:
    """Once an SMS failed, or the SMS are spent; twice a challenge. Nobody's number costs the same, and no call."""
    row = tx.one(CALL, browser_=fingerprint(asker.browser), wait_=wait_ms(portal)) if "voice" in portal.messages else None
    if row is None:
        raise Refused("call_wait", _("We cannot call with the code now. Look for the last SMS, or talk to a person."), status=429)
    limits.spend(tx, *sending(portal, asker, row.prefix), (limits.calls_by_hour(), ""))
    portal.outbox.put(
        tx, "code", "voice" if row.mobile else "none", row.mobile, key=f"call:{row.id}:{row.calls}", language=spoken_by(tx, row),
        customer_id=row.customer_id, about={"challenge": row.id, "sending": str(row.sendings)}, priority=0, lifetime_ms=CALL_MS,
    )  # fmt: skip
    forget_earlier(portal, tx, row)
    note(tx, asker.origin, "code", "call asked", customer_id=row.customer_id)


def to_say(reader: Reader, key: str) -> tuple[Job | None, bool]:
    """The call of that key, with whatever code is good by now; and whether one is."""
    job = deliveries.find(reader, key)
    if job is None or job.channel != "voice":
        return None, False
    good = reader.one(GOOD, id=job.about["challenge"])
    if good is None:
        return job, False
    return replace(job, about={**job.about, "sending": str(good.sendings)}), True
