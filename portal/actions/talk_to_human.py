"""A person: call now, write, or be called back. Whoever is called back does not start from zero."""

from collections.abc import Mapping

from portal.core import typed
from portal.core.case import Case, Proof, Reply
from portal.core.errors import Refused
from portal.core.languages import Phone, Text, _
from portal.core.steps import Ask, Choice, Fact, Field, Handoff, Input, Step

SLUG = "talk-to-human"
TITLE = _("Talk to a person")
HINT = _("Call now, write to us, or ask to be called")
ICON = "human"
RANK = 9
PROOF = Proof.NOTHING
PHRASES: Mapping[str, tuple[str, ...]] = {
    "he": ("נציג", "נציגה", "לדבר עם נציג", "מוקד", "אדם"),
    "ar": ("موظف", "ممثل خدمة", "أريد التحدث مع شخص"),
    "en": ("agent", "person", "human", "representative", "talk to someone"),
    "ru": ("оператор", "человек", "сотрудник", "поговорить с человеком"),
}
TOPICS: Mapping[str, Text] = {
    "bill": _("A bill or a payment"),
    "fault": _("Something does not work"),
    "service": _("My service or my plan"),
    "other": _("Something else"),
}
TIMES: Mapping[str, Text] = {
    "soon": _("As soon as possible"),
    "morning": _("Tomorrow morning, 8:00 to 12:00"),
    "afternoon": _("Tomorrow afternoon, 12:00 to 16:00"),
    "evening": _("Tomorrow evening, 16:00 to 20:00"),
}


def start(case: Case) -> Step:
    known = case.person.mobile if case.person and case.proof is Proof.CODE else ""
    return Ask(
        TITLE,
        next="call_back",
        lead=_("We can call you. It costs nothing, and you keep your place."),
        fields=(
            Field("phone", _("Number to call"), Input.PHONE, value=Phone(known).national() if known else ""),
            Field("topic", _("What is it about?"), Input.SELECT, options=_options(TOPICS)),
            Field("when", _("When?"), Input.SELECT, options=_options(TIMES)),
        ),
        submit=_("Call me"),
    )


def _options(texts: Mapping[str, Text]) -> tuple[Choice, ...]:
    return tuple(Choice(value, label) for value, label in texts.items())


def call_back(case: Case, reply: Reply) -> Step:
    phone = typed.phone(reply.field("phone"))
    topic, when = reply.field("topic"), reply.field("when")
    if topic not in TOPICS:
        raise Refused("topic_unknown", _("Choose what it is about."), "topic")
    if when not in TIMES:
        raise Refused("when_unknown", _("Choose when we should call."), "when")
    reference = case.request_number(phone, topic, when)
    return Handoff(
        _("We will call you"),
        topic,
        phone,
        when,
        reference,
        lead=_("Your request is with our people. You can close this page."),
        shows=(
            Fact(_("Number to call"), Phone(phone), "phone"),
            Fact(_("When?"), TIMES[when], "when"),
            Fact(_("What is it about?"), TOPICS[topic], "topic"),
            Fact(_("Request number"), reference, "reference", strong=True),
        ),
    )
