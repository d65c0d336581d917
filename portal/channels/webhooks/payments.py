"""Notices of payment providers."""

import structlog
from starlette.responses import PlainTextResponse, Response

from portal.channels.web.call import Call
from portal.channels.web.door import Door
from portal.channels.web.pages import Pages
from portal.core import journey, payments
from portal.core.errors import BadNotice, NotFound, TryAgain
from portal.core.payments.counts import NOTICES
from portal.core.ports import Heard, Reversal

log = structlog.get_logger()


def payment(call: Call, pages: Pages) -> Response:
    provider = call.portal.payments
    if call.param["provider"] != provider.name:
        raise NotFound(call.param["provider"])
    try:
        match provider.hear(call.headers, call.body):
            case None:
                NOTICES.labels(provider.name, "ignored").inc()
            case Heard() as heard:
                journey.settle(call.portal, provider.name, heard)
            case Reversal() as reversal:
                payments.look_into(call.portal.db, provider, reversal)
    except BadNotice as bad:
        log.warning("payment notice refused", provider=provider.name, why=str(bad)[:80])
        return PlainTextResponse("refused\n", 400)
    except TryAgain as silent:  # a provider delivers again what is not answered with 2xx
        log.warning("payment notice waits", provider=provider.name, why=str(silent)[:80])
        return PlainTextResponse("later\n", 503)
    return PlainTextResponse("heard\n")


DOORS = (Door("/hooks/payments/{provider}", payment, "POST", machine=True, slow=True),)
