"""What digital gives here: shown before choosing, computed for this customer once it is known who it is."""

from time import monotonic

from portal.channels.web.call import Call
from portal.core import incentives
from portal.core.case import Offer, Proof
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
        """What everybody is offered; of a customer who is known, only what they would get."""
        shown = self.announced()
        if self._knows(call):
            actions = dict.fromkeys(one.action for one in shown)
            given = {offer.incentive_id for action in actions for offer in self._offers(call, action)}
            shown = tuple(one for one in shown if one.incentive_id in given)
        return tuple(worded(one.title, call.language) for one in shown)

    def line(self, call: Call) -> str:
        """One line: what this customer would save now, else the first of what is offered."""
        for action in dict.fromkeys(one.action for one in self.announced()):
            if saving := self.saving(call, action):
                return _("Pay here today and save {amount}", amount=saving).say(call.language)
        return next(iter(self.titles(call)), "")

    def saving(self, call: Call, action: str) -> Money | None:
        discount, _waived = incentives.best(self._offers(call, action))
        return discount.saving if discount else None

    def _knows(self, call: Call) -> bool:
        """Nothing is said of an amount to anybody who has not proved who they are; a line on every page is no reason to ask somebody
        else's billing each time."""
        return call.visitor is not None and call.visitor.person is not None and call.proof is Proof.CODE and not self.portal.billing.remote

    def _offers(self, call: Call, action: str) -> tuple[Offer, ...]:
        """What paying all that is owed would give them; nothing where nothing is."""
        person = call.visitor.person if call.visitor else None
        if person is None or not self._knows(call) or not any(one.action == action for one in self.announced()):
            return ()
        owed = next((balance for balance in self.portal.billing.account(person.customer_id).balances if balance.minor > 0), None)
        if owed is None:
            return ()
        with self.portal.db.read() as reader:
            return incentives.quote(reader, person.customer_id, action, owed)
