"""When somebody can be called: while the company's people answer, and not else."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from portal import demo
from portal.actions import talk_to_human
from portal.core import company
from portal.core.case import Case, Proof, Reply
from portal.core.errors import Refused
from portal.core.languages import Language
from portal.core.steps import Ask, Handoff

NOBODY: Any = None
# Sunday to Thursday from 8 to 19, Friday to 13, Saturday closed.
COMPANY = company.read(Path(demo.__file__).parent / "company.toml")
WEDNESDAY, THURSDAY, FRIDAY = date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)


def on(today: date) -> Case:
    return Case(None, Proof.NOTHING, False, Language.EN, today, COMPANY, NOBODY, NOBODY, lambda *asked: "ACD347")


def offered(today: date) -> list[str]:
    step = talk_to_human.start(on(today))
    assert isinstance(step, Ask)
    (times,) = [field.options for field in step.fields if field.name == "when"]
    return [time.label.say(Language.EN) for time in times]


@pytest.mark.parametrize(
    ("today", "times"),
    [
        (WEDNESDAY, ["Tomorrow, 08:00 to 12:00", "Tomorrow, 12:00 to 16:00", "Tomorrow, 16:00 to 19:00"]),
        (THURSDAY, ["Tomorrow, 08:00 to 12:00", "Tomorrow, 12:00 to 13:00"]),
        (FRIDAY, ["Sunday, 08:00 to 12:00", "Sunday, 12:00 to 16:00", "Sunday, 16:00 to 19:00"]),
    ],
    ids=["before a whole day", "before a short day", "before a closed day"],
)
def test_a_call_is_offered_in_the_hours_of_the_next_day_that_has_some(today, times):
    assert offered(today) == ["As soon as possible", *times]


def test_a_time_at_which_nobody_answers_is_refused():
    asked = {"phone": "03-612-3456", "topic": "bill", "when": "evening"}
    assert isinstance(talk_to_human.call_back(on(WEDNESDAY), Reply("ok", asked)), Handoff)
    with pytest.raises(Refused, match="when_unknown"):
        talk_to_human.call_back(on(THURSDAY), Reply("ok", asked))
