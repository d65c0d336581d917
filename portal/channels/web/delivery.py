"""Where the code is: on its way, not delivered, being said by telephone. While nothing failed, the same for known and unknown numbers."""

from dataclasses import dataclass

from portal.channels.web.call import Call
from portal.core.identity.challenges import Waiting
from portal.core.languages import Text, _

SENT = _("If this is the mobile number of a customer, a code is on its way to it.")
SENT_ON_FILE = _("If we have a mobile number on file for this ID number, a code is on its way to it.")
SENT_AGAIN = _("If this is the mobile number of a customer, a new code is on its way to it. The earlier one no longer works.")
SENT_AGAIN_ON_FILE = _(
    "If we have a mobile number on file for this ID number, a new code is on its way to it. The earlier one no longer works."
)
CALLING = _("If this is the mobile number of a customer, we are calling it now. Press 1 to hear the code.")
CALLING_ON_FILE = _("If we have a mobile number on file for this ID number, we are calling it now. Press 1 to hear the code.")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the page says of it. `call_in`: seconds until a call may be asked for; None: it may not."""

    line: str
    failed: bool
    calling: bool
    resent: bool
    call_in: int | None
    watch: bool  # there may be news of it yet


def delivery(call: Call, waiting: Waiting) -> Delivery:
    failed = waiting.call_failed if waiting.calls else waiting.sms_failed
    calling = waiting.calls > 0 and waiting.fresh and not failed
    line = _failure(waiting) if failed else _on_its_way(waiting, calling)
    return Delivery(line.say(call.language), failed, calling, waiting.resent, waiting.call_in, waiting.fresh and not failed)


def _on_its_way(waiting: Waiting, calling: bool) -> Text:
    if calling:
        return CALLING_ON_FILE if waiting.on_file else CALLING
    if waiting.resent:
        return SENT_AGAIN_ON_FILE if waiting.on_file else SENT_AGAIN
    return SENT_ON_FILE if waiting.on_file else SENT


def _failure(waiting: Waiting) -> Text:
    """Of a number that was asked for by an ID number no digit is shown."""
    if waiting.calls:
        if waiting.call_in is None:
            return _("Our calls did not get through either. Talk to a person: they can help you now.")
        return _("Nobody heard our call. Shall we call once more?")
    if waiting.call_in is None:
        return _("We could not deliver the code. Try another number, or talk to a person.")
    if not waiting.ending:
        return _("We could not deliver the code. Shall we call you and say it?")
    return _("We could not deliver to the number ending {digits}. Shall we call it and say the code?", digits=waiting.ending)
