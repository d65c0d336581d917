"""What can be done, a card each."""

from dataclasses import dataclass

from portal.channels.web.call import Call
from portal.channels.web.pages import Pages
from portal.core.case import Action
from portal.core.languages import _


@dataclass(frozen=True, slots=True)
class Card:
    slug: str
    title: str
    hint: str
    icon: str
    href: str
    saving: str


def cards(call: Call, pages: Pages) -> tuple[Card, ...]:
    return tuple(_card(call, pages, action) for action in call.portal.actions.values())


def _card(call: Call, pages: Pages, action: Action) -> Card:
    saving = pages.benefits.saving(call, action.slug)
    said = _("You save {amount} today", amount=saving).say(call.language) if saving else ""
    return Card(action.slug, action.title.say(call.language), action.hint.say(call.language), action.icon, f"/actions/{action.slug}", said)
