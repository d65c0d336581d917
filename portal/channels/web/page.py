"""What every page shows around its own part: the ways to a person, the benefit, the languages, the visit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urlencode

from markupsafe import Markup

from portal.channels.web.call import HOME, LONGEST, Call, known_journey, known_source, local
from portal.channels.web.look import Look
from portal.core.case import Proof
from portal.core.company import Company
from portal.core.identity.visits import Visitor
from portal.core.languages import Language, Phone, Text, _, n_, of_day, worded

OPENS = (
    _("Closed now. Opens today at {time}"),
    _("Closed now. Opens tomorrow at {time}"),
    _("Closed now. Opens Monday at {time}"),
    _("Closed now. Opens Tuesday at {time}"),
    _("Closed now. Opens Wednesday at {time}"),
    _("Closed now. Opens Thursday at {time}"),
    _("Closed now. Opens Friday at {time}"),
    _("Closed now. Opens Saturday at {time}"),
    _("Closed now. Opens Sunday at {time}"),
)
# Where a page that is the same for everybody has what is this browser's own: a character that stands in no text (Unicode 23.7).
OWN = "\U0001fffe"
# What an address of ours says of the way here, and what of that may be true.
CARRIED = {"next": local, "journey": known_journey, "returned": lambda said: "1" if said == "1" else "", "source": known_source}
# A visitor is warned this long before the visit ends.
WARN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a person: one tap to see it, one to start."""

    kind: str  # call, whatsapp, callback
    label: str
    href: str
    hint: str


@dataclass(frozen=True, slots=True)
class VisitLine:
    level: int
    name: str
    seconds_left: int
    warn_at: int
    can_stay: bool


@dataclass(frozen=True, slots=True)
class Page:
    look: Look
    company: Company
    language: Language
    title: str
    path: str
    partial: bool
    human: tuple[Way, ...]
    human_note: str
    visit: VisitLine | None
    query: str = ""
    benefit: str = ""
    notice: str = ""

    @property
    def direction(self) -> str:
        return self.language.direction

    @property
    def company_name(self) -> str:
        return self.company.named(self.language)

    @property
    def company_address(self) -> str:
        return worded(self.company.address, self.language)

    @property
    def style(self) -> Markup:
        return self.look.style

    @property
    def languages(self) -> Sequence[tuple[str, str, str, bool]]:
        here = f"{quote(self.path)}?{self.query}lang="
        return [(one.value, one.own_name, here + one.value, one is self.language) for one in Language]

    def asset(self, name: str) -> str:
        return self.look.url(name)


class Place(NamedTuple):
    """Which page it is, apart from what is on it."""

    language: Language
    title: str
    path: str
    query: str
    partial: bool
    benefit: str
    notice: str


def place(call: Call, title: str, benefit: str, notice: str) -> Place:
    asked = call.form if call.form else call.query
    carried = tuple((k, known(asked[k])) for k, known in CARRIED.items() if k in asked)
    path = call.shown_at or (call.path if len(call.path) <= LONGEST else HOME)
    partial = call.headers.get("hx-request-type") == "partial"
    return Place(call.language, title, path, _query(carried) if carried else "", partial, benefit, notice)


def page(call: Call, look: Look, place: Place) -> Page:
    company = call.portal.company
    human, note = ways(company, call.language, _quarter(datetime.now(UTC).astimezone(company.zone)))
    return Page(
        look, company, place.language, place.title, place.path, place.partial, human, note, _visit(call.visitor), query=place.query,
        benefit=place.benefit, notice=place.notice,
    )  # fmt: skip


@lru_cache(300)
def _query(carried: tuple[tuple[str, str], ...]) -> str:
    said = urlencode([pair for pair in carried if pair[1]])
    return f"{said}&" if said else ""


def identified(visitor: Visitor | None) -> bool:
    """Whether a page would tell who it is for."""
    return visitor is not None and visitor.proof is not Proof.NOTHING


def _visit(visitor: Visitor | None) -> VisitLine | None:
    if visitor is None or not identified(visitor):
        return None
    name = visitor.person.name if visitor.person and visitor.proof is Proof.CODE else ""
    return VisitLine(int(visitor.proof), name, visitor.seconds_left, WARN_SECONDS, visitor.can_stay)


def _quarter(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


@lru_cache(64)
def ways(company: Company, language: Language, at: datetime) -> tuple[tuple[Way, ...], str]:
    """How to reach a person now, and one line of what to expect. `at` is local, to the quarter of an hour."""
    is_open = company.hours.open_at(at)
    note = _expect(company, is_open, at).say(language)
    all_ways = [Way("call", _("Call us: {phone}", phone=Phone(company.telephone)).say(language), f"tel:{company.telephone}", note)]
    if company.whatsapp:
        written = _("Write to us and we will answer there").say(language)
        all_ways.append(Way("whatsapp", _("WhatsApp").say(language), f"https://wa.me/{company.whatsapp.lstrip('+')}", written))
    free = _("Free, at a time you choose").say(language)
    all_ways.append(Way("callback", _("Ask us to call you").say(language), "/human#callback", free))
    return tuple(all_ways), note


def _expect(company: Company, is_open: bool, at: datetime) -> Text:
    if is_open and company.wait_minutes:
        return n_("Now open. The wait is about {n} minute.", "Now open. The wait is about {n} minutes.", company.wait_minutes)
    if is_open:
        return _("Now open")
    opening = company.hours.opens_next(at)
    if opening is None:
        return _("Closed now")
    day, opens, _closes = opening
    return of_day(OPENS, day, at.date(), time=f"{opens:%H:%M}")
