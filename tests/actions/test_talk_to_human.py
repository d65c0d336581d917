"""When somebody can be called: while the company's people answer, and not else."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from portal import demo
from portal.actions import talk_to_human
from portal.channels.web.page import ways
from portal.core import company
from portal.core.case import Case, Proof, Reply
from portal.core.company import Hours
from portal.core.errors import Refused
from portal.core.languages import Language, Text
from portal.core.steps import Ask, Fact, Handoff

NOBODY: Any = None
# Sunday to Thursday from 8 to 19, Friday to 13, Saturday closed.
COMPANY = company.read(Path(demo.__file__).parent / "company.toml")
WEDNESDAY, THURSDAY, FRIDAY = (datetime(2026, 11, day, 12) for day in (25, 26, 27))


def on(now: datetime) -> Case:
    return Case(None, Proof.NOTHING, False, Language.EN, now, COMPANY, NOBODY, NOBODY, NOBODY, lambda *asked: "ACD347")


def offered(now: datetime) -> list[str]:
    step = talk_to_human.start(on(now))
    assert isinstance(step, Ask)
    (times,) = [field.options for field in step.fields if field.name == "when"]
    return [time.label.say(Language.EN) for time in times]


@pytest.mark.parametrize(
    ("now", "times"),
    [
        (WEDNESDAY, ["Tomorrow, 08:00 to 12:00", "Tomorrow, 12:00 to 16:00", "Tomorrow, 16:00 to 19:00"]),
        (THURSDAY, ["Tomorrow, 08:00 to 12:00", "Tomorrow, 12:00 to 13:00"]),
        (FRIDAY, ["Sunday, 08:00 to 12:00", "Sunday, 12:00 to 16:00", "Sunday, 16:00 to 19:00"]),
    ],
    ids=["before a whole day", "before a short day", "before a closed day"],
)
def test_a_call_is_offered_in_the_hours_of_the_next_day_that_has_some(now, times):
    assert offered(now) == ["As soon as possible", *times]


@pytest.mark.parametrize(
    ("now", "soon", "kept", "said"),
    [
        (WEDNESDAY.replace(hour=7, minute=59), "Today", "Wednesday", "Closed now. Opens today at 08:00"),
        (WEDNESDAY.replace(hour=19), "Tomorrow", "Thursday", "Closed now. Opens tomorrow at 08:00"),
        (FRIDAY.replace(hour=13), "Sunday", "Sunday", "Closed now. Opens Sunday at 08:00"),
    ],
    ids=["before the hours", "in the evening", "before a closed day"],
)
def test_while_it_is_closed_nobody_is_promised_a_call_before_it_opens(now, soon, kept, said):
    """What is confirmed is read again on another day: it names the day."""
    assert offered(now)[0] == f"{soon} at 08:00, when we open"
    asked = {"phone": "03-612-3456", "topic": "bill", "when": "soon"}
    confirmed = talk_to_human.call_back(on(now), Reply("ok", asked))
    assert isinstance(confirmed, Handoff)
    assert f"{kept} at 08:00, when we open" in [
        show.value.say(Language.EN) for show in confirmed.shows if isinstance(show, Fact) and isinstance(show.value, Text)
    ]
    assert ways(COMPANY, Language.EN, now)[1] == said


def test_what_is_confirmed_for_tomorrow_names_the_day():
    confirmed = talk_to_human.call_back(on(WEDNESDAY), Reply("ok", {"phone": "03-612-3456", "topic": "bill", "when": "morning"}))
    assert isinstance(confirmed, Handoff)
    (when,) = [show.value for show in confirmed.shows if isinstance(show, Fact) and show.key == "when"]
    assert isinstance(when, Text)
    assert when.say(Language.EN) == "Thursday, 08:00 to 12:00"


def test_of_a_company_that_never_opens_only_what_is_known_is_said():
    never = replace(COMPANY, hours=Hours((None,) * 7))
    step = talk_to_human.start(replace(on(WEDNESDAY), company=never))
    assert isinstance(step, Ask)
    assert [time.label.id for field in step.fields if field.name == "when" for time in field.options] == ["As soon as possible"]
    assert ways(never, Language.EN, WEDNESDAY)[1] == "Closed now"


def test_a_time_at_which_nobody_answers_is_refused():
    asked = {"phone": "03-612-3456", "topic": "bill", "when": "evening"}
    assert isinstance(talk_to_human.call_back(on(WEDNESDAY), Reply("ok", asked)), Handoff)
    with pytest.raises(Refused, match="when_unknown"):
        talk_to_human.call_back(on(THURSDAY), Reply("ok", asked))
