"""The actions' one page: whatever step is pending, whichever action it is of."""

from typing import assert_never

from starlette.responses import RedirectResponse, Response

from portal.channels.web.call import Call
from portal.channels.web.pages import Pages
from portal.core import journey
from portal.core.case import Reply
from portal.core.errors import Unexpected
from portal.core.journey import Elsewhere, Shown
from portal.core.languages import Text
from portal.core.steps import Ask, Done, Handoff, Pay, Step


def show(call: Call, pages: Pages) -> Response:
    shown = journey.show(call.portal, call.param["slug"], call.party, call.query.get("journey", ""))
    return page(call, pages, shown, returned="returned" in call.query)


def reply(call: Call, pages: Pages) -> Response:
    """What was answered; then the page by its own address, so that a refresh repeats nothing."""
    fields = dict(call.form)
    turn, value = fields.pop("turn", ""), fields.pop("reply", "")
    if not turn.isdecimal() or len(turn) > 6:
        raise Unexpected("turn")
    slug = call.param["slug"]
    match journey.reply(call.portal, slug, call.party, int(turn), Reply(value, fields)):
        case Elsewhere(url):
            return RedirectResponse(url, 303)
        case Shown() as shown if shown.refusal or not shown.journey_id or not call.party.subject:
            return page(call, pages, shown)
        case Shown() as shown:
            ended = f"?journey={shown.journey_id}" if shown.ended else ""
            return RedirectResponse(f"/actions/{slug}{ended}", 303)


def page(call: Call, pages: Pages, shown: Shown, returned: bool = False) -> Response:
    step = shown.step
    waiting = shown.waiting and returned
    refusal = shown.refusal or (step.refusal if isinstance(step, Ask | Pay) and not waiting else None)
    return pages.html(
        call, "action.html", step.title if isinstance(step.title, Text) else shown.action.title, status=422 if shown.refusal else 200,
        benefit=isinstance(step, Ask),
        journey=Journey(shown.action.slug, shown.turn, shown.journey_id), step=step, kind=_kind(step), refusal=refusal,
        typed=dict(shown.refusal.typed or {}) if shown.refusal else {}, waiting=waiting,
    )  # fmt: skip


class Journey:
    """What a form must say to be answered."""

    def __init__(self, slug: str, turn: int, id: str) -> None:
        self.slug, self.turn, self.id = slug, turn, id


def _kind(step: Step) -> str:
    match step:
        case Ask():
            return "ask"
        case Pay():
            return "pay"
        case Done():
            return "done"
        case Handoff():
            return "handoff"
        case _:
            assert_never(step)
