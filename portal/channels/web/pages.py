"""Renders the templates. What is the same for everybody is rendered once a minute."""

from collections import OrderedDict
from collections.abc import Hashable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from portal.channels.web import page as chrome
from portal.channels.web.call import HOME, Call
from portal.channels.web.look import Look
from portal.core import incentives
from portal.core.errors import Refused
from portal.core.languages import Language, Text, Value, _, day, moment, money, show, translate
from portal.core.portal import Portal
from portal.core.steps import Refusal

# Rendered pages of nobody in particular: 4 languages of some ten pages, and room for what links add to them.
KEPT = 300

WORDS = {
    400: (_("This form did not come from our page"), _("Go back, open the page anew, and try once more. Nothing was changed.")),
    403: (_("This did not come from our page"), _("Open the page from here and try once more. Nothing was changed.")),
    404: (_("There is no such page"), _("It may have moved, or it was never here. Nothing was lost.")),
    405: (_("This page cannot do that"), _("Open it anew from here. Nothing was changed.")),
    410: (_("This link is over"), _("A link works once, for 15 minutes. You can go on from here.")),
    413: (_("That was too much to send"), _("Our forms take a few words only. Nothing was changed.")),
    422: (_("That cannot be done"), _("Nothing was changed.")),
    429: (_("Please wait a little"), _("Nothing was lost.")),
    500: (_("Something went wrong on our side"), _("It is not your fault, and we can see what happened. Nothing you typed was lost.")),
    503: (_("We cannot do this right now"), _("Try again in a minute. Nothing was lost.")),
}


class Pages:
    CROSS_SITE = _("This did not come from our page. Open the page from here and try once more. Nothing was changed.")

    def __init__(self, portal: Portal, templates: Path, look: Look) -> None:
        self.portal, self.look = portal, look
        self.environments = {language: _environment(templates, language) for language in Language}
        self.kept: OrderedDict[Hashable, str] = OrderedDict()
        self.announced_until = 0.0
        self.announced: tuple[str, ...] = ()

    def html(
        self, call: Call, template: str, title: Text, /, *, status: int = 200, benefit: str = "", notice: str = "", **context: Any
    ) -> Response:
        """A page. Of a visitor it is made anew; of nobody, the same context is the same page for a minute."""
        at = datetime.now(UTC).astimezone(self.portal.company.zone)
        page = chrome.page(call, self.look, title.say(call.language), at, benefit, notice)
        context["status"] = status
        headers = {"cache-control": "no-store", "vary": "HX-Request"}
        return Response(self._rendered(template, page, context, at), status, headers, "text/html")

    def _rendered(self, template: str, page: chrome.Page, context: dict[str, Any], at: datetime) -> str:
        if page.visit is not None:
            return self._render(template, page, context)
        key = (
            template,
            page.language,
            page.title,
            page.path,
            page.query,
            page.partial,
            page.benefit,
            page.notice,
            at.minute,
            *context.values(),
        )
        try:
            found = self.kept.get(key)
        except TypeError:  # something typed, or a list: not for keeping
            return self._render(template, page, context)
        if found is None:
            found = self.kept[key] = self._render(template, page, context)
            if len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        return found

    def _render(self, template: str, page: chrome.Page, context: dict[str, Any]) -> str:
        return self.environments[page.language].get_template(template).render(page=page, **context)

    def wrong(self, call: Call, status: int, reference: str = "") -> Response:
        """One page for all that is wrong, translated, with the way to a person and no trace of the inside."""
        title, text = WORDS.get(status, WORDS[422])
        return self._error(call, status, title, text, reference)

    def refused(self, call: Call, refused: Refused) -> Response:
        title = WORDS.get(refused.status, WORDS[422])[0]
        return self._error(call, refused.status, title, refused.text)

    def _error(self, call: Call, status: int, title: Text, text: Text, reference: str = "") -> Response:
        money_line = _("No money was taken.").say(call.language) if status >= 500 else ""
        return self.html(
            call, "error.html", title, status=status, title=title.say(call.language), text=text.say(call.language),
            money_line=money_line, reference=reference, back=HOME, actions=(),
        )  # fmt: skip


def refusal(refused: Refused) -> Refusal:
    return Refusal(refused.id, refused.text, refused.field)


def _environment(templates: Path, language: Language) -> Environment:
    """One a language, so that a sentence finds its language without being told each time."""
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

    def say(value: Text | Value) -> str:
        return value.say(language) if isinstance(value, Text) else show(value, language)

    def sentence(id: str, **values: Value) -> str:
        return say(Text(id, values)) if values else translate(language, id)

    def counted(id: str, plural: str, n: int, **values: Value) -> str:
        return Text(id, {"n": n, **values}, plural).say(language)

    environment.globals |= {"_": sentence, "ngettext": counted, "say": say, "money": money, "day": lambda value: day(value, language)}
    environment.filters["kind"] = lambda value: type(value).__name__.lower()
    return environment


__all__ = ["Pages", "incentives", "moment", "refusal"]
