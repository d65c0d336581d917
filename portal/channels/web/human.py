"""The ways to a person, on a page of their own; asking to be called is an action like any other."""

from starlette.responses import RedirectResponse, Response

from portal.channels.web import actions
from portal.channels.web.call import Call
from portal.channels.web.pages import Pages
from portal.core import journey, party
from portal.core.case import Reply
from portal.core.errors import NotFound
from portal.core.journey import Shown
from portal.core.spans import MINUTE_MS
from portal.core.steps import Ask, Field

HUMAN = "/human"
# How long a browser in which nobody is identified is shown again what was asked in it.
SHOWN_AGAIN_MS = 10 * MINUTE_MS


def show(call: Call, pages: Pages) -> Response:
    return _page(call, pages, journey.show(call.portal, call.portal.human, call.party))


def call_back(call: Call, pages: Pages) -> Response:
    """What was asked; then the page by an address of its own, so that a refresh repeats nothing."""
    shown = journey.show(call.portal, call.portal.human, call.party)
    after = journey.reply(call.portal, call.portal.human, call.party, shown.turn, Reply("ok", dict(call.form)))
    assert isinstance(after, Shown)
    if not after.ended:
        return _page(call, pages, after)
    if call.party.subject:
        return RedirectResponse(f"/actions/{after.action.slug}?journey={after.journey_id}", 303)
    call.cookies["asked"] = call.portal.keys.sign("asked", f"{after.journey_id} {call.party.at}")
    return RedirectResponse("/human/callback", 303)


def asked(call: Call, pages: Pages) -> Response:
    """What was asked in this browser, after a refresh or a change of language."""
    journey_id, _, at = (call.portal.keys.unsign("asked", call.kept("asked")) or "").partition(" ")
    if not journey_id or call.party.at > int(at) + SHOWN_AGAIN_MS:
        return RedirectResponse(HUMAN, 303)
    who = party.only(call.party, journey_id)
    try:
        return actions.page(call, pages, journey.show(call.portal, call.portal.human, who, journey_id))
    except NotFound:
        return RedirectResponse(HUMAN, 303)


def _page(call: Call, pages: Pages, shown: Shown) -> Response:
    if not isinstance(shown.step, Ask):
        return actions.page(call, pages, shown)
    fields = {field.name: field for field in shown.step.fields}
    typed = {name: field.value for name, field in fields.items()} | dict((shown.refusal and shown.refusal.typed) or {})
    call.shown_at = HUMAN
    return pages.html(
        call, "human.html", shown.step.title, status=shown.refusal.status if shown.refusal else 200, refusal=shown.refusal, typed=typed,
        topics=_options(call, fields["topic"]), times=_options(call, fields["when"]),
    )  # fmt: skip


def _options(call: Call, field: Field) -> list[tuple[str, str]]:
    return [(option.value, option.label.say(call.language)) for option in field.options]
