"""Renders the templates. What is the same for everybody is rendered once a minute."""

import json
import re
import time
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup
from prometheus_client import Counter
from starlette.responses import Response

from portal.channels.web import page as chrome
from portal.channels.web.benefits import Benefits
from portal.channels.web.call import HOME, Call
from portal.channels.web.kept import Kept, Rendered
from portal.channels.web.look import Look
from portal.core.errors import Refused
from portal.core.languages import Language, Text, Value, _, day, money, show, translate
from portal.core.portal import Portal
from portal.core.steps import Attachment, Paper, Refusal

SENTENCE = re.compile(r"""(?<!\w)_\(("(?:[^"\\]|\\.)*")\)""")
INCLUDE = re.compile(r"""\{% include "([^"]+)" %\}\n?""")
PAGES = Counter("portal_pages", "Pages shown", ["page", "status"])
ERROR = _("Error:")
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
    CROSS_SITE = WORDS[403][1]

    def __init__(self, portal: Portal, templates: Path, look: Look) -> None:
        self.portal, self.look = portal, look
        self.environments = {language: _environment(templates, language) for language in Language}
        self.benefits = Benefits(portal)
        self.kept: Kept[Rendered] = Kept()

    def html(
        self, call: Call, template: str, title: Text, /, *,
        status: int = 200, benefit: bool = True, notice: str = "", own: str = "", **context: Any,
    ) -> Response:  # fmt: skip
        """A page. Of a visitor it is made anew; of nobody, the same context is the same page for a minute, but for `own`: what
        stands where the context has OWN, and needs no escaping."""
        refused = bool(context.get("refusal"))
        offered = self.benefits.line(call) if benefit and not refused else ""
        context["status"] = status
        _shown(template, status).inc()
        made = self._rendered(call, template, chrome.place(call, _titled(call, title, refused), offered, notice), context)
        page = made.with_own(own) if own else made
        headers = {"vary": "HX-Request, HX-Request-Type, Accept-Encoding"}
        if "gzip" not in call.headers.get("accept-encoding", ""):
            return Response(page.body, status, headers, "text/html")
        return Response(page.packed, status, headers | {"content-encoding": "gzip"}, "text/html")

    def _rendered(self, call: Call, template: str, place: chrome.Place, context: dict[str, Any]) -> Rendered:
        def anew() -> Rendered:
            page = chrome.page(call, self.look, place)
            return Rendered(self.environments[place.language].get_template(template).render(page=page, **context).encode())

        if chrome.identified(call.visitor):
            return anew()
        try:
            return self.kept.get((template, int(time.time()) // 60, *place, *context.values()), anew)
        except TypeError:  # something typed, or a list: not for keeping
            return anew()

    def wrong(self, call: Call, status: int, reference: str = "") -> Response:
        """One page for all that is wrong, translated, with the way to a person and no trace of the inside."""
        title, text = WORDS.get(status, WORDS[422])
        return self.error(call, status, title, text, reference)

    def refused(self, call: Call, refused: Refused) -> Response:
        title = WORDS.get(refused.status, WORDS[422])[0]
        return self.error(call, refused.status, title, refused.text)

    def unseen(self, call: Call, actions: tuple[Any, ...]) -> Response:
        """Billing does not answer: what can be done meanwhile, and a person. A 503, for what was asked for is not here."""
        text = _("You can still pay by the bill's number and amount, or talk to a person.")
        response = self.error(call, 503, _("We cannot see your bills right now"), text, actions=actions)
        response.headers["retry-after"] = "10"
        if call.method == "GET" and "hx-request" in call.headers:
            # Scripts swap no 5xx in, for a proxy's would take away what was typed: this one is opened as a page
            response.headers["hx-redirect"] = call.here
        return response

    def error(
        self, call: Call, status: int, title: Text, text: Text, reference: str = "", actions: tuple[Any, ...] = (), next: str = ""
    ) -> Response:  # fmt: skip
        """`next`: where a code by SMS would lead."""
        return self.html(
            call, "error.html", title, status=status, benefit=False, title=title.say(call.language), text=text.say(call.language),
            money_line=_of_money(call).say(call.language) if status >= 500 else "", reference=reference, back=HOME, actions=actions,
            next=next,
        )  # fmt: skip


def _of_money(call: Call) -> Text:
    """What was sent just now took nothing; whoever only looks may have paid before."""
    if call.method == "POST" and call.form.get("reply") != "check":
        return _("No money was taken.")
    return _("Nothing was lost. If you have paid, you do not need to pay again.")


def _titled(call: Call, title: Text, refused: bool) -> str:
    """Whoever hears the title before the page knows already that something is to be mended."""
    said = title.say(call.language)
    return f"{ERROR.say(call.language)} {said}" if refused else said


@cache
def _shown(template: str, status: int) -> Counter:
    return PAGES.labels(Path(template).stem, status)


def refusal(refused: Refused) -> Refusal:
    return Refusal(refused.id, refused.text, refused.field, status=refused.status)


class Prepared(Extension):
    """A sentence without places is in its language already when the template is compiled. What is included is part of the
    text: found while a page is rendered, each include costs as much as ten lines."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        whole = INCLUDE.sub(lambda found: self.preprocess(self._text_of(found[1]), found[1]), source)
        spoken: Any = self.environment.globals["spoken"]
        return SENTENCE.sub(lambda found: json.dumps(translate(spoken, json.loads(found[1])), ensure_ascii=False), whole)

    def _text_of(self, template: str) -> str:
        assert self.environment.loader
        return self.environment.loader.get_source(self.environment, template)[0]


def _environment(templates: Path, language: Language) -> Environment:
    """One a language, so that a sentence finds its language without being told each time."""
    environment = Environment(
        extensions=[Prepared],
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

    around: Kept[str] = Kept()

    def kept(name: str, page: chrome.Page) -> str:
        """A part around the step: it depends on nothing but the way here and the hour."""
        return around.get((name, page.path, page.query, page.human_note), lambda: Markup(environment.get_template(name).render(page=page)))

    environment.globals |= {"spoken": language, "kept": kept, "_": sentence, "ngettext": counted}
    # Filters, for Jinja asks of a function each time whether it wants the context.
    environment.filters |= {"say": say, "money": money, "day": partial(day, language=language), "kind": _kind, "address": address}
    return environment


def _kind(value: object) -> str:
    return type(value).__name__.lower()


def address(paper: Attachment) -> str:
    folder = "receipts" if paper.paper is Paper.RECEIPT else "invoices"
    return f"/{folder}/{quote(paper.number, safe='')}.pdf"
