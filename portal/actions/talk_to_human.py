"""A person: call now, write, or be called back. Whoever is called back does not start from zero."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time, timedelta

from portal.core import typed
from portal.core.case import Case, Proof, Reply
from portal.core.errors import Refused
from portal.core.languages import Phone, Text, _, of_day
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
PARTS = {"morning": (time(8), time(12)), "afternoon": (time(12), time(16)), "evening": (time(16), time(20))}
TOMORROW = _("Tomorrow, {start} to {end}")
DAYS = (
    _("Monday, {start} to {end}"),
    _("Tuesday, {start} to {end}"),
    _("Wednesday, {start} to {end}"),
    _("Thursday, {start} to {end}"),
    _("Friday, {start} to {end}"),
    _("Saturday, {start} to {end}"),
    _("Sunday, {start} to {end}"),
)

SOON = (
    _("Today at {time}, when we open"),
    _("Tomorrow at {time}, when we open"),
    _("Monday at {time}, when we open"),
    _("Tuesday at {time}, when we open"),
    _("Wednesday at {time}, when we open"),
    _("Thursday at {time}, when we open"),
    _("Friday at {time}, when we open"),
    _("Saturday at {time}, when we open"),
    _("Sunday at {time}, when we open"),
)


def start(case: Case) -> Step:
    known = case.person.mobile if case.person and case.proof is Proof.CODE else ""
    return Ask(
        TITLE,
        next="call_back",
        lead=_("We can call you. It costs nothing."),
        fields=(
            Field("phone", _("Number to call"), Input.PHONE, value=Phone(known).national() if known else ""),
            Field("topic", _("What is it about?"), Input.SELECT, options=_options(TOPICS)),
            Field("when", _("When?"), Input.SELECT, options=_options(_times(case, case.today))),
        ),
        submit=_("Call me"),
    )


def _options(texts: Mapping[str, Text]) -> tuple[Choice, ...]:
    return tuple(Choice(value, label) for value, label in texts.items())


def _times(case: Case, today: date | None) -> Mapping[str, Text]:
    """At once, or a part of the next day on which somebody answers, as long as somebody does. In words of `today`, or to be kept."""
    times = {"soon": _soon(case, today)}
    opening = case.company.hours.opening_after(case.today)
    if opening is None:
        return times
    day, opens, closes = opening
    said = TOMORROW if today and day == today + timedelta(1) else DAYS[day.weekday()]
    for part, (first, last) in PARTS.items():
        start, end = max(first, opens), min(last, closes)
        if start < end:
            times[part] = replace(said, values={"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"})
    return times


def _soon(case: Case, today: date | None) -> Text:
    """Nobody calls before somebody is there."""
    hours = case.company.hours
    opening = None if hours.open_at(case.now) else hours.opens_next(case.now)
    if opening is None:
        return _("As soon as possible")
    day, opens, _closes = opening
    return of_day(SOON, day, today, time=f"{opens:%H:%M}")


def call_back(case: Case, reply: Reply) -> Step:
    phone = typed.phone(reply.field("phone"))
    topic, when, times = reply.field("topic"), reply.field("when"), _times(case, None)
    if topic not in TOPICS:
        raise Refused("topic_unknown", _("Choose what it is about."), "topic")
    if when not in times:
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
            Fact(_("When?"), times[when], "when"),
            Fact(_("What is it about?"), TOPICS[topic], "topic"),
            Fact(_("Request number"), reference, "reference", strong=True),
        ),
    )
