"""Documents as PDF. Another customer's and a missing one are the same 404 (promise 37)."""

from urllib.parse import quote

from starlette.responses import Response

from portal.channels.web.call import Call
from portal.channels.web.pages import Pages
from portal.core import printing, receipts
from portal.core.errors import NotFound


def invoice(call: Call, pages: Pages) -> Response:
    person = call.visitor.person if call.visitor else None
    number = call.param["number"]
    content = printing.bill(call.portal, person.customer_id, number, call.language) if person else None
    if content is None:
        raise NotFound(number)
    return _pdf(call, content, number)


def receipt(call: Call, pages: Pages) -> Response:
    found = receipts.of(call.portal, call.party, call.param["id"])
    return _pdf(call, call.portal.papers.receipt(found, call.language), found.number)


def _pdf(call: Call, content: bytes, name: str) -> Response:
    if "hx-request" in call.headers:  # a form led here, and scripts would put it into the page: it is opened instead
        return Response(headers={"hx-redirect": call.here})
    headers = {"content-disposition": disposition(f"{name}.pdf", save="save" in call.query)}
    return Response(content, media_type="application/pdf", headers=headers)


def disposition(name: str, save: bool) -> str:
    """RFC 6266: whatever stands in the name, quotes and line ends included, stays inside it (promise 45)."""
    clean = "".join(c if c.isprintable() else "" for c in name)
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_. ") else "_" for c in clean)
    return f"{'attachment' if save else 'inline'}; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"
