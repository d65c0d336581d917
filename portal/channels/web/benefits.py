"""What digital gives here: shown before choosing, computed for this customer once it is known who it is."""

from time import monotonic

from portal.channels.web.call import Call
from portal.core import incentives
from portal.core.case import Proof
from portal.core.incentives import Announced
from portal.core.languages import _, worded
from portal.core.money import Money
from portal.core.portal import Portal

# Offers change by the day; the pages that show them are asked for by the second.
ANNOUNCED_SECONDS = 5.0


class Benefits:
    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.until = 0.0
        self.known: tuple[Announced, ...] = ()

    def announced(self) -> tuple[Announced, ...]:
        """What runs now, as far as everybody may know it."""
        if monotonic() > self.until:
            with self.portal.db.read() as reader:
                self.known = incentives.public(reader)
            self.until = monotonic() + ANNOUNCED_SECONDS
        return self.known

    def titles(self, call: Call) -> tuple[str, ...]:
        return tuple(worded(one.title, call.language) for one in self.announced())

    def line(self, call: Call) -> str:
        """One line: what this customer would save now, else what everybody is offered."""
        for action in dict.fromkeys(one.action for one in self.announced()):
            if saving := self.saving(call, action):
                return _("Pay here today and save {amount}", amount=saving).say(call.language)
        return next(iter(self.titles(call)), "")

    def saving(self, call: Call, action: str) -> Money | None:
        """Nothing is said of an amount to anybody who has not proved who they are; a line on every page is no reason to ask somebody
        else's billing each time."""
        person = call.visitor.person if call.visitor else None
        if (
            person is None
            or call.proof < Proof.CODE
            or self.portal.billing.remote
            or not any(one.action == action for one in self.announced())
        ):
            return None
        owed = next((balance for balance in self.portal.billing.account(person.customer_id).balances if balance.minor > 0), None)
        if owed is None:
            return None
        with self.portal.db.read() as reader:
            discount, _waived = incentives.best(incentives.quote(reader, person.customer_id, action, owed))
        return discount.saving if discount else None
