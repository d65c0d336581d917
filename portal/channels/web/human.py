"""The ways to a person, on a page of their own; asking to be called is an action like any other."""

from starlette.responses import Response

from portal.channels.web import actions
from portal.channels.web.call import Call
from portal.channels.web.pages import Pages
from portal.core import journey
from portal.core.case import Reply
from portal.core.journey import Shown
from portal.core.steps import Ask, Field


def show(call: Call, pages: Pages) -> Response:
    return _page(call, pages, journey.show(call.portal, call.portal.human, call.party))


def call_back(call: Call, pages: Pages) -> Response:
    shown = journey.show(call.portal, call.portal.human, call.party)
    after = journey.reply(call.portal, call.portal.human, call.party, shown.turn, Reply("ok", dict(call.form)))
    assert isinstance(after, Shown)
    return _page(call, pages, after) if isinstance(after.step, Ask) else actions.page(call, pages, after)


def _page(call: Call, pages: Pages, shown: Shown) -> Response:
    if not isinstance(shown.step, Ask):
        return actions.page(call, pages, shown)
    fields = {field.name: field for field in shown.step.fields}
    typed = {name: field.value for name, field in fields.items()} | dict((shown.refusal and shown.refusal.typed) or {})
    call.shown_at = "/human"
    return pages.html(
        call, "human.html", shown.step.title, status=422 if shown.refusal else 200, refusal=shown.refusal, typed=typed,
        topics=_options(call, fields["topic"]), times=_options(call, fields["when"]),
    )  # fmt: skip


def _options(call: Call, field: Field) -> list[tuple[str, str]]:
    return [(option.value, option.label.say(call.language)) for option in field.options]
