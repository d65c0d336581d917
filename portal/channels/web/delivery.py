"""Whether the code got there, on the page that waits for it, and the call that says it instead."""

from dataclasses import dataclass

from portal.channels.web.call import Call
from portal.core.identity.challenges import Waiting
from portal.core.languages import Text, _

CALLING = _("If this is the mobile number of a customer, we are calling it now. Press 1 to hear the code.")
CALLING_ON_FILE = _("If we have a mobile number on file for this ID number, we are calling it now. Press 1 to hear the code.")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the page says of it. `call_in`: seconds until a call may be asked for; None: it may not."""

    line: str
    failed: bool
    call_in: int | None
    watch: bool  # there may be news of it yet


def delivery(call: Call, waiting: Waiting) -> Delivery:
    line = _line(waiting)
    failed = waiting.call_failed if waiting.calls else waiting.sms_failed
    return Delivery(line.say(call.language) if line else "", failed, waiting.call_in, waiting.fresh and not failed)


def _line(waiting: Waiting) -> Text | None:
    """Of a number that was asked for by an ID number no digit is shown."""
    if waiting.calls and waiting.call_failed:
        if waiting.call_in is None:
            return _("Our calls did not get through either. Talk to a person: they can help you now.")
        return _("Nobody heard our call. Shall we call once more?")
    if waiting.calls:
        return (CALLING_ON_FILE if waiting.on_file else CALLING) if waiting.fresh else None
    if not waiting.sms_failed:
        return None
    if waiting.call_in is None:
        return _("We could not deliver the code. Try another number, or talk to a person.")
    if not waiting.ending:
        return _("We could not deliver the code. Shall we call you and say it?")
    return _("We could not deliver to the number ending {digits}. Shall we call it and say the code?", digits=waiting.ending)
