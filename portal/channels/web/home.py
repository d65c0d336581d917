"""The first page: what can be done, what doing it here gives, and a person."""

from starlette.responses import Response

from portal.channels.web.call import Call
from portal.channels.web.cards import cards
from portal.channels.web.pages import Pages
from portal.core.languages import _

TITLE = _("Quick actions")
STATEMENT = _("Accessibility statement")


def show(call: Call, pages: Pages) -> Response:
    if call.query.get("source"):
        call.cookies["source"] = call.origin.source
    notice = _("You have left. Goodbye.").say(call.language) if "left" in call.query and call.visitor is None else ""
    return pages.html(
        call, "home.html", TITLE, benefit=False, notice=notice, actions=cards(call, pages), incentives=pages.benefits.titles(call)
    )


def accessibility(call: Call, pages: Pages) -> Response:
    return pages.html(call, "accessibility.html", STATEMENT)
