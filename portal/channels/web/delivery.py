"""Where the code is: on its way, not delivered, being said by telephone. While nothing failed, the same for known and unknown numbers."""

from dataclasses import dataclass

from portal.channels.web.call import Call
from portal.channels.web.page import OWN
from portal.core.identity import guards
from portal.core.identity.challenges import Waiting
from portal.core.languages import Phone, Text, _


@dataclass(frozen=True, slots=True)
class Told:
    """Of a number that may be nobody's."""

    sent: Text
    again: Text
    calling: Text


ON_FILE = Told(
    _("If we have a mobile number on file for this ID number, a code is on its way to it."),
    _("If we have a mobile number on file for this ID number, a new code is on its way to it. The earlier one no longer works."),
    _("If we have a mobile number on file for this ID number, we are calling it now. Press 1 to hear the code."),
)
TYPED = Told(
    _("If this is the mobile number of a customer, a code is on its way to it."),
    _("If this is the mobile number of a customer, a new code is on its way to it. The earlier one no longer works."),
    _("If this is the mobile number of a customer, we are calling it now. Press 1 to hear the code."),
)
TYPED_HERE = Told(
    _("If {phone} is the mobile number of a customer, a code is on its way to it.", phone=OWN),
    _("If {phone} is the mobile number of a customer, a new code is on its way to it. The earlier one no longer works.", phone=OWN),
    _("If {phone} is the mobile number of a customer, we are calling it now. Press 1 to hear the code.", phone=OWN),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the page says of it. `call_in`: seconds until a call may be asked for; None: it may not."""

    line: str
    failed: bool
    calling: bool
    resent: bool
    call_in: int | None
    watch: bool


def typed_here(call: Call, waiting: Waiting) -> str:
    """The number that was typed in this browser, to be looked at again. The browser alone keeps it: of nobody's we keep nothing."""
    kept = call.kept("typed")
    ours = kept and not waiting.on_file and guards.key(call.portal.keys, kept) == waiting.guard
    return Phone(kept).national() if ours else ""


def _failed(waiting: Waiting) -> bool:
    return waiting.call_failed if waiting.called else waiting.sms_failed


def is_watched(waiting: Waiting) -> bool:
    """Whether there may be news of it yet."""
    return waiting.fresh and not _failed(waiting)


def delivery(call: Call, waiting: Waiting, own: str) -> Delivery:
    """`own`: the number, if it was typed here."""
    failed = _failed(waiting)
    calling = waiting.called and waiting.fresh and not failed
    line = _failure(waiting) if failed else _on_its_way(waiting, calling, own)
    return Delivery(line.say(call.language), failed, calling, waiting.resent, waiting.call_in, is_watched(waiting))


def _on_its_way(waiting: Waiting, calling: bool, own: str) -> Text:
    told = ON_FILE if waiting.on_file else TYPED_HERE if own else TYPED
    return told.calling if calling else told.again if waiting.resent else told.sent


def _failure(waiting: Waiting) -> Text:
    """Of a number that was asked for by an ID number no digit is shown."""
    if waiting.called:
        if waiting.call_in is None:
            return _("Our calls did not get through either. Talk to a person: they can help you now.")
        return _("Nobody heard our call. Shall we call once more?")
    if waiting.call_in is None:
        return _("We could not deliver the code. Try another number, or talk to a person.")
    if not waiting.ending:
        return _("We could not deliver the code. Shall we call you and say it?")
    return _("We could not deliver to the number ending {digits}. Shall we call it and say the code?", digits=waiting.ending)
