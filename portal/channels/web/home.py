"""The first page: what can be done, what doing it here gives, and a person."""

from dataclasses import dataclass

from starlette.responses import Response

from portal.channels.web.call import Call
from portal.channels.web.pages import Pages
from portal.core.case import Action
from portal.core.languages import _

TITLE = _("Quick actions")
STATEMENT = _("Accessibility statement")


@dataclass(frozen=True, slots=True)
class Card:
    slug: str
    title: str
    hint: str
    icon: str
    href: str
    saving: str


def show(call: Call, pages: Pages) -> Response:
    if call.query.get("source"):
        call.cookies["source"] = call.origin.source
    actions = tuple(_card(call, pages, action) for action in call.portal.actions.values())
    notice = _("You have left. Goodbye.").say(call.language) if "left" in call.query else ""
    return pages.html(call, "home.html", TITLE, benefit=False, notice=notice, actions=actions, incentives=pages.benefits.titles(call))


def _card(call: Call, pages: Pages, action: Action) -> Card:
    saving = pages.benefits.saving(call, action.slug)
    said = _("You save {amount} today", amount=saving).say(call.language) if saving else ""
    return Card(action.slug, action.title.say(call.language), action.hint.say(call.language), action.icon, f"/actions/{action.slug}", said)


def accessibility(call: Call, pages: Pages) -> Response:
    return pages.html(call, "accessibility.html", STATEMENT)
