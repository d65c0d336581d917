"""The first page: what can be done, what doing it here gives, and a person."""

from dataclasses import dataclass
from time import monotonic

from starlette.responses import Response

from portal.channels.web.call import Call
from portal.channels.web.pages import Pages
from portal.core import incentives
from portal.core.case import Proof
from portal.core.incentives import Announced
from portal.core.languages import _
from portal.core.portal import Portal
from portal.core.receipts import worded

TITLE = _("Quick actions")
STATEMENT = _("Accessibility statement")

# Offers change by the day; the home page is asked for by the second.
ANNOUNCED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Card:
    slug: str
    title: str
    hint: str
    icon: str
    href: str
    saving: str


class Announcements:
    """What runs now, as far as everybody may know it."""

    def __init__(self) -> None:
        self.until, self.all = 0.0, ()

    until: float
    all: tuple[Announced, ...]

    def current(self, portal: Portal) -> tuple[Announced, ...]:
        if monotonic() > self.until:
            with portal.db.read() as reader:
                self.all = incentives.public(reader)
            self.until = monotonic() + ANNOUNCED_SECONDS
        return self.all


class Home:
    def __init__(self) -> None:
        self.announcements = Announcements()

    def show(self, call: Call, pages: Pages, notice: str = "") -> Response:
        announced = self.announcements.current(call.portal)
        titles = tuple(worded(one.title, call.language) for one in announced)
        if source := call.query.get("source"):
            call.cookies["source"] = call.origin.source if source else ""
        return pages.html(call, "home.html", TITLE, notice=notice, actions=self.cards(call, announced), incentives=titles)

    def cards(self, call: Call, announced: tuple[Announced, ...]) -> tuple[Card, ...]:
        return tuple(
            Card(
                action.slug, action.title.say(call.language), action.hint.say(call.language), action.icon, f"/actions/{action.slug}", saving
            )
            for action in call.portal.actions.values()
            for saving in [_saving(call, action.slug) if any(one.action == action.slug for one in announced) else ""]
        )


def _saving(call: Call, slug: str) -> str:
    """What the action would save this customer now; nothing is said of an amount to anybody who has not proved who they are."""
    person = call.visitor.person if call.visitor else None
    if person is None or call.proof < Proof.CODE:
        return ""
    owed = [balance for balance in call.portal.billing.account(person.customer_id).balances if balance.minor > 0]
    if not owed:
        return ""
    with call.portal.db.read() as reader:
        discount, _waived = incentives.best(incentives.quote(reader, person.customer_id, slug, owed[0]))
    return _("You save {amount} today", amount=discount.saving).say(call.language) if discount and discount.saving else ""


def accessibility(call: Call, pages: Pages) -> Response:
    return pages.html(call, "accessibility.html", STATEMENT)
