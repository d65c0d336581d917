"""Notices of payment providers."""

import structlog
from starlette.responses import PlainTextResponse, Response

from portal.channels.web.call import Call
from portal.channels.web.door import Door
from portal.channels.web.pages import Pages
from portal.core import journey
from portal.core.errors import BadNotice, NotFound

log = structlog.get_logger()


def payment(call: Call, pages: Pages) -> Response:
    provider = call.portal.payments
    if call.param["provider"] != provider.name:
        raise NotFound(call.param["provider"])
    try:
        heard = provider.hear(dict(call.request.headers), call.body)
    except BadNotice as bad:
        log.warning("payment notice refused", provider=provider.name, why=str(bad)[:80])
        return PlainTextResponse("refused\n", 400)
    if heard is not None:
        journey.settle(call.portal, provider.name, heard)
    return PlainTextResponse("heard\n")


DOORS = (Door("/hooks/payments/{provider}", payment, "POST", machine=True, slow=True),)
