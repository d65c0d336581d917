"""What a running portal is made of. `portal.app.build` chooses the parts; channels and the core are handed them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from portal.core.case import Action
from portal.core.company import Company
from portal.core.keys import Keys
from portal.core.outbox import Courier, Outbox
from portal.core.ports import Billing, Messages, Papers, Payments
from portal.core.statements import Database
from portal.core.telephony import Telephony


@dataclass(frozen=True, slots=True)
class Portal:
    company: Company
    base_url: str
    keys: Keys
    db: Database
    billing: Billing
    payments: Payments
    messages: Mapping[str, Messages]  # by channel: sms, email, voice
    papers: Papers
    actions: Mapping[str, Action]
    outbox: Outbox
    couriers: Mapping[str, Courier] = field(default_factory=dict)  # by channel: what the outbox carries that is no message
    telephony: Telephony | None = None  # whose notices we hear; the sandbox tells nothing later
    human: str = "talk-to-human"  # the action that hands over to a person
    live: bool = False
    sending_limited: bool = True  # a load test lifts the waits and budgets of sending, never those of guessing
    fixed_codes: Mapping[str, str] = field(default_factory=dict)  # of QA's own telephones

    @property
    def host(self) -> str:
        """Without the port: what an origin-bound code names."""
        return urlsplit(self.base_url).hostname or ""
