"""Notices of Twilio: what became of a message, what somebody wrote, and what a call is to say."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import structlog
from starlette.responses import PlainTextResponse, Response

from portal.channels.web.call import Call
from portal.channels.web.door import Door, Handler
from portal.channels.web.pages import Pages
from portal.channels.webhooks import twiml
from portal.core import deliveries, messages
from portal.core.errors import BadNotice, NotFound
from portal.core.identity import calls
from portal.core.languages import Language, Text, _, without_isolates
from portal.core.telephony import Delivery, Told

log = structlog.get_logger()

GREETING = _("Hello. This is {company}, with the code you asked for.")
PRESS = _("To hear it, press 1.")
AGAIN = _("To hear it again, press 1.")
TOO_LATE = _("The code is no longer good. Ask for a new one on the page.")


def message(call: Call, told: Told) -> Response:
    """What somebody wrote is noted and not answered: Twilio itself answers STOP."""
    with call.portal.db.write() as tx:
        deliveries.written(tx, "twilio", told)
    return twiml.answer()


def status(call: Call, told: Told) -> Response:
    with call.portal.db.write() as tx:
        deliveries.record(tx, _key(call), told)
    return Response(status_code=204)


def voice(call: Call, told: Told) -> Response:
    """The code is said once a key was pressed: a voice mail, which others may listen to, presses none."""
    key, portal = _key(call), call.portal
    with portal.db.read() as reader:
        job, good = calls.to_say(reader, key)
    if job is None:  # somebody called us
        return twiml.answer()
    too_late = twiml.answer(_spoken(job.language, TOO_LATE))
    if not good:
        return too_late
    back = f"{portal.base_url}/hooks/twilio/voice?job={quote(key, safe='')}"
    if not told.pressed:
        greeting = replace(GREETING, values={"company": portal.company.named(job.language)})
        return twiml.answer(twiml.until_a_key(back, _spoken(job.language, greeting, PRESS, greeting, PRESS)))
    try:
        code = messages.compose(portal, job).body.splitlines()
    except messages.Unknown:  # its key was retired
        return too_late
    with portal.db.write() as tx:
        deliveries.record(tx, key, Told(told.vendor_id, told.channel, Delivery.DELIVERED))
    return twiml.answer(twiml.until_a_key(back, twiml.say(job.language, code) + _spoken(job.language, AGAIN)))


def _key(call: Call) -> str:
    return call.query.get("job", "")


def _spoken(language: Language, *sentences: Text) -> str:
    return twiml.say(language, [without_isolates(sentence.say(language)) for sentence in sentences])


def _signed(answer: Callable[[Call, Told], Response]) -> Handler:
    """Nothing is read before its signature is found right."""

    def handler(call: Call, pages: Pages) -> Response:
        if call.portal.telephony is None:
            raise NotFound("telephony")
        scope = call.scope
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        try:
            told = call.portal.telephony.hear(call.headers, target.decode("latin-1"), call.body)
        except BadNotice as bad:
            log.warning("twilio notice refused", path=call.path, why=str(bad))
            return PlainTextResponse("refused\n", 403)
        return answer(call, told)

    return handler


DOORS = tuple(
    Door(f"/hooks/twilio/{name}", _signed(answer), "POST", machine=True)
    for name, answer in (("message", message), ("status", status), ("voice", voice))
)
