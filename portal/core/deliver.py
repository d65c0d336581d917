"""Hands a job to whoever takes its channel: a message is composed and sent, anything else has a courier of its own."""

from portal.core import messages
from portal.core.errors import BillsUnseen, TryAgain
from portal.core.outbox import Job
from portal.core.portal import Portal
from portal.core.ports import Message

DECOY = "none"


def deliver(portal: Portal, job: Job) -> str:
    """The vendor's id of it. Raises TryAgain, Permanent, or messages.Unknown."""
    if job.channel == DECOY:  # it cost what a message costs, and that was its purpose
        return ""
    if courier := portal.couriers.get(job.channel):
        return courier(job)
    return portal.messages[job.channel].send(_composed(portal, job))


def _composed(portal: Portal, job: Job) -> Message:
    """What it says may have to be asked of the company's billing."""
    try:
        return messages.compose(portal, job)
    except BillsUnseen as unseen:
        raise TryAgain(str(unseen), unseen.retry_after) from unseen
