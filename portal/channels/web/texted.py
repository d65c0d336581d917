"""Texted links: GET shows, POST spends (promise 20); the token leaves the address bar by a 303 (28). Both in the customer's language,
until the browser chose one."""

from starlette.responses import RedirectResponse, Response

from portal.channels.web.call import FORGOTTEN, Call
from portal.channels.web.pages import Pages
from portal.core import links
from portal.core.case import Proof
from portal.core.identity import visits
from portal.core.languages import _

TITLE = _("You are one tap away")


def show(call: Call, pages: Pages) -> Response:
    with call.portal.db.read() as reader:
        opened = links.look(reader, call.portal.keys, call.param["token"])
    if not call.language_chosen:
        call.language = opened.language
    action = call.portal.actions.get(opened.action)
    lead = action.title.say(call.language) if action else ""
    return pages.html(call, "link.html", TITLE, title=TITLE.say(call.language), lead=lead)


def spend(call: Call, pages: Pages) -> Response:
    old = call.visitor.visit_id if call.visitor else ""
    with call.portal.db.write() as tx:
        opened = links.spend(tx, call.portal.keys, call.param["token"])
        visit = visits.begin(
            tx, opened.proof, opened.customer_id, opened.language, opened.origin, instead_of=old, coded=opened.proof is Proof.CODE
        )
    call.cookies |= {"visit": visit, **FORGOTTEN}
    if not call.language_chosen:
        call.cookies["lang"] = opened.language.value
    return RedirectResponse(f"/actions/{opened.action}", 303)
