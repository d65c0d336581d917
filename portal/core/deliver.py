"""Hands a job to whoever takes its channel: a message is composed and sent, anything else has a courier of its own."""

from portal.core import messages
from portal.core.outbox import Job
from portal.core.portal import Portal

DECOY = "none"


def deliver(portal: Portal, job: Job) -> str:
    """The vendor's id of it. Raises TryAgain, Permanent, or messages.Unknown."""
    if job.channel == DECOY:  # it cost what a message costs, and that was its purpose
        return ""
    if courier := portal.couriers.get(job.channel):
        return courier(job)
    return portal.messages[job.channel].send(messages.compose(portal, job))
