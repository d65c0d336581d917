"""Of a mobile that several customers share: whose account it is, once the mobile is proved."""

from starlette.responses import RedirectResponse, Response

from portal.channels.web.call import Call, identify
from portal.channels.web.pages import Pages
from portal.core.case import Proof
from portal.core.errors import NotFound
from portal.core.identity import visits
from portal.core.languages import _

TITLE = _("Whose account is it?")


def ask(call: Call, pages: Pages) -> Response:
    if call.proof is Proof.CODE:  # chosen already: the browser went back
        return RedirectResponse(call.next, 303)
    if call.visitor is None:
        return RedirectResponse(identify(call.next), 303)
    return pages.html(call, "choose.html", TITLE, next=call.next, people=_sharing(call), refusal=None)


def chosen(call: Call, pages: Pages) -> Response:
    """One of those who share the mobile that was proved, and nobody else."""
    customer_id, visitor = call.form.get("customer", ""), call.visitor
    if call.proof is Proof.CODE and visitor and visitor.person and visitor.person.customer_id == customer_id:  # a second tap
        return RedirectResponse(call.next, 303)
    if visitor is None:
        return RedirectResponse(identify(call.next, unsent=True), 303)
    if customer_id not in dict(_sharing(call)):
        raise NotFound(customer_id)
    with call.portal.db.write() as tx:
        cookie = visits.begin(
            tx, Proof.CODE, customer_id, call.language, visitor.origin, instead_of=visitor.visit_id, code_at=visitor.code_at
        )
    call.cookies["visit"] = cookie
    return RedirectResponse(call.next, 303)


def _sharing(call: Call) -> list[tuple[str, str]]:
    if call.visitor is None or not call.visitor.mobile_to_choose:
        raise NotFound("nobody to choose")
    with call.portal.db.read() as reader:
        return visits.sharing(reader, call.visitor.mobile_to_choose)
