"""What digital gives here: shown before choosing, computed for this customer once it is known who it is."""

from collections.abc import Mapping
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

Given = Mapping[str, tuple[Offer, ...]]


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
        return self._titles(call, self._given(call))

    def line(self, call: Call) -> str:
        """One line: what this customer would save now, else the first of what is offered."""
        given = self._given(call)
        for offers in (given or {}).values():
            if saving := _discount(offers):
                return _("Pay here today and save {amount}", amount=saving).say(call.language)
        return next(iter(self._titles(call, given)), "")

    def saving(self, call: Call, action: str) -> Money | None:
        if not any(one.action == action for one in self.announced()):
            return None
        return _discount((self._given(call) or {}).get(action, ()))

    def _titles(self, call: Call, given: Given | None) -> tuple[str, ...]:
        """What everybody is offered; of a customer who is known, only what they would get."""
        ids = {offer.incentive_id for offers in given.values() for offer in offers} if given is not None else None
        return tuple(worded(one.title, call.language) for one in self.announced() if ids is None or one.incentive_id in ids)

    def _given(self, call: Call) -> Given | None:
        """By action, what paying all that is owed would give. None: nothing is said of an amount to whoever has not proved who they are,
        and a line on every page is no reason to ask somebody else's billing each time."""
        person = call.visitor.person if call.visitor else None
        if person is None or call.proof < Proof.CODE or self.portal.billing.remote:
            return None
        actions = dict.fromkeys(one.action for one in self.announced())
        balances = self.portal.billing.account(person.customer_id).balances if actions else ()
        owed = next((balance for balance in balances if balance.minor > 0), None)
        if owed is None:
            return {}
        with self.portal.db.read() as reader:
            return {action: incentives.quote(reader, person.customer_id, action, owed) for action in actions}


def _discount(offers: tuple[Offer, ...]) -> Money | None:
    discount, _waived = incentives.best(offers)
    return discount.saving if discount else None
