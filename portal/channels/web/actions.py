"""The actions' one page: whatever step is pending, whichever action it is of."""

from typing import assert_never

from starlette.responses import RedirectResponse, Response

from portal.channels.web.call import Call
from portal.channels.web.pages import Pages
from portal.core import journey
from portal.core.case import Reply
from portal.core.errors import NotFound, Unexpected
from portal.core.journey import Elsewhere, Shown
from portal.core.languages import _
from portal.core.steps import Ask, Attachment, Breakdown, Done, Fact, Handoff, Pay, Step

WAITING = _("We are waiting for the payment provider to confirm")
# For whoever comes from the payment provider as somebody else than they went: with another ID visit, or in another browser.
ELSEWHERE = (
    _("We cannot show this payment here"),
    _("If you approved the payment, do not pay again. To see the receipt, identify with a code by SMS, or talk to a person."),
)


def show(call: Call, pages: Pages) -> Response:
    try:
        shown = journey.show(call.portal, call.param["slug"], call.party, call.query.get("journey", ""))
    except NotFound:
        if "returned" not in call.query:
            raise
        return pages.error(call, 404, *ELSEWHERE, next=call.here)
    return page(call, pages, shown, returned="returned" in call.query, checked="checked" in call.query)


def reply(call: Call, pages: Pages) -> Response:
    """What was answered; then the page by its own address, so that a refresh repeats nothing."""
    fields = dict(call.form)
    turn, value, own, mark = (fields.pop(name, "") for name in ("turn", "reply", "journey", "mark"))
    if not turn.isdecimal() or len(turn) > 6:
        raise Unexpected("turn")
    slug = call.param["slug"]
    match journey.reply(call.portal, slug, call.party, int(turn), Reply(value, fields), journey_id=own, mark=mark):
        case Elsewhere(url):
            return RedirectResponse(url, 303)
        case Shown() as shown if shown.refusal or not shown.journey_id or not call.party.subject:
            return page(call, pages, shown)
        case Shown() as shown:
            return RedirectResponse(f"/actions/{slug}{_which(shown, value)}", 303)


def _which(shown: Shown, value: str) -> str:
    if value == "check" and shown.waiting:
        return f"?journey={shown.journey_id}&returned=1&checked=1"
    return f"?journey={shown.journey_id}" if shown.ended else ""


def page(call: Call, pages: Pages, shown: Shown, *, returned: bool = False, checked: bool = False) -> Response:
    step = shown.step
    waiting = shown.waiting and returned
    # What an earlier payment came to says nothing of the one that is under way.
    refusal = shown.refusal or (step.refusal if isinstance(step, Ask | Pay) and not shown.waiting else None)
    status = shown.refusal.status if shown.refusal else 200
    return pages.html(
        call, _template(step), WAITING if waiting else step.title, status=status, benefit=isinstance(step, Ask) and step.benefit,
        journey=Journey(shown.action.slug, shown.turn, shown.journey_id), step=step, shows=Shows(step), refusal=refusal,
        typed=dict(shown.refusal.typed or {}) if shown.refusal else {}, waiting=waiting, under_way=shown.waiting, checked=checked,
    )  # fmt: skip


class Journey:
    """What a form must say to be answered."""

    def __init__(self, slug: str, turn: int, id: str) -> None:
        self.slug, self.turn, self.id = slug, turn, id


class Shows:
    """What a step shows, by where it stands: what came to be known and its document before the way on, the rest after it."""

    def __init__(self, step: Step) -> None:
        self.facts: list[Fact] = []
        self.further: list[Fact] = []  # told after the document
        self.documents: list[Attachment] = []
        self.earlier: list[Attachment] = []
        self.breakdowns: list[Breakdown] = []
        for show in () if isinstance(step, Pay) else step.shows:
            match show:
                case Fact():
                    (self.further if self.documents else self.facts).append(show)
                case Attachment():
                    (self.documents if show.main else self.earlier).append(show)
                case Breakdown():
                    self.breakdowns.append(show)
                case _:
                    assert_never(show)


def _template(step: Step) -> str:
    match step:
        case Ask():
            return "steps/ask.html"
        case Pay():
            return "steps/pay.html"
        case Done():
            return "steps/done.html"
        case Handoff():
            return "steps/handoff.html"
        case _:
            assert_never(step)
