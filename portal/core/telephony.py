"""What the vendor that texts and calls tells us later, in our words: what became of a message, what somebody wrote, a key pressed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Delivery(StrEnum):
    """What became of a message after the vendor took it. A later one of this list is never taken back for an earlier one, for notices
    come in any order, and twice. Of two sendings of one message, the one that arrived counts."""

    QUEUED = "queued"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    DELIVERED = "delivered"

    @property
    def rank(self) -> int:
        return list(Delivery).index(self) + 1


@dataclass(frozen=True, slots=True)
class Told:
    """One notice. What it does not say is empty."""

    vendor_id: str
    channel: str  # sms, whatsapp, voice
    delivery: Delivery | None = None
    reason: str = ""  # why it did not arrive
    sender: str = ""  # E.164, of who wrote
    wish: str = ""  # stop or start: whether they want messages at all
    pressed: str = ""  # keys of the telephone


class Telephony(Protocol):
    name: str

    def hear(self, headers: Mapping[str, str], target: str, body: bytes) -> Told:
        """Verify, then parse. `target` is path and query as they were sent. Raises BadNotice."""
        ...
