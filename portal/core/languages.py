"""Four languages, Hebrew first: sentences, money, dates and phone numbers as their readers write them.

Babel's message catalogues (portal/locales/LANG/LC_MESSAGES/messages.po) are read at start; nothing is compiled.
A `Text` is a sentence before its language is known: it is stored on a journey and said again on any channel.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, get_currency_symbol
from babel.support import Translations

from portal.core.money import Money

LOCALES = Path(__file__).resolve().parent.parent / "locales"

# Unicode isolates (UAX #9): what is inside keeps its own direction whatever surrounds it.
LRI, FSI, PDI = "\u2066", "\u2068", "\u2069"

# Hebrew, Arabic and their neighbours, with their forms of presentation.
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


class Language(StrEnum):
    HE = "he"
    AR = "ar"
    EN = "en"
    RU = "ru"

    @property
    def direction(self) -> str:
        return "rtl" if self is Language.HE or self is Language.AR else "ltr"

    @property
    def own_name(self) -> str:
        return {"he": "עברית", "ar": "العربية", "en": "English", "ru": "Русский"}[self]

    @property
    def locale(self) -> str:
        """Israel's conventions where CLDR has them; it has no Russian for Israel."""
        return {"he": "he_IL", "ar": "ar_IL", "en": "en_IL", "ru": "ru"}[self]


@dataclass(frozen=True, slots=True)
class Phone:
    """An E.164 number, shown as people in its country write it."""

    e164: str
    parsed: phonenumbers.PhoneNumber | None = field(default=None, compare=False, repr=False)  # reading it costs more than writing it

    def national(self) -> str:
        number = self.parsed or phonenumbers.parse(self.e164)
        style = phonenumbers.PhoneNumberFormat
        return phonenumbers.format_number(number, style.NATIONAL if number.country_code == 972 else style.INTERNATIONAL)


@dataclass(frozen=True, slots=True)
class Words:
    """The company's own words, in the languages that it wrote them in."""

    by_language: Mapping[str, str]


Value = str | int | Money | date | Phone | Words


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence by its English wording, the message id of the catalogues, and what fills its {places}."""

    id: str
    values: Mapping[str, Value] = field(default_factory=dict)
    plural: str = ""  # with it, values["n"] chooses

    def say(self, language: Language) -> str:
        said = translate(language, self.id, self.plural, self.values.get("n"))
        return said.format(**{k: show(v, language) for k, v in self.values.items()}) if self.values else said


def _(id: str, **values: Value) -> Text:
    """A translatable sentence; Babel extracts the literal."""
    return Text(id, values)


def verbatim(said: str | Words) -> Text:
    """Somebody's own words: a name, a line of a bill. Not translated."""
    return Text("{said}", {"said": said})


def worded(words: Mapping[str, str], language: Language) -> str:
    """In the reader's language, or else in Hebrew."""
    return words.get(language.value) or words.get("he") or ""


def n_(id: str, plural: str, n: int, **values: Value) -> Text:
    """A sentence that counts."""
    return Text(id, {"n": n, **values}, plural)


def of_day(sentences: Sequence[Text], day: date, today: date | None, **values: Value) -> Text:
    """The one of that day: today, tomorrow, then each weekday from Monday. Whole sentences, for languages bend the name of the day.
    Without `today`, by its weekday: what is read again on another day says no "tomorrow"."""
    ahead = (day - today).days if today else 2
    return replace(sentences[ahead if ahead < 2 else 2 + day.weekday()], values=values)


_company_words: dict[tuple[str, str], str] = {}


def reword(wording: Mapping[str, Mapping[str, str]]) -> None:
    """The company's own words for sentences of ours, by language and English wording: a process speaks for one company."""
    _company_words.clear()
    _company_words.update({(language, id): said for language, sentences in wording.items() for id, said in sentences.items()})
    translate.cache_clear()


@cache
def sentences() -> frozenset[str]:
    """Ours, by their English wording; without those that count, which have several."""
    with open(LOCALES / Language.EN / "LC_MESSAGES" / "messages.po", "rb") as po:
        return frozenset(message.id for message in read_po(po) if message.id and isinstance(message.id, str))


@lru_cache(20_000)
def translate(language: Language, id: str, plural: str = "", n: Value | None = None) -> str:
    if (own := _company_words.get((language.value, id))) is not None:
        return own
    known = catalogue(language)
    if plural and isinstance(n, int):
        return known.ngettext(id, plural, n)
    return known.gettext(id)


@cache
def catalogue(language: Language) -> NullTranslations:
    compiled = BytesIO()
    with open(LOCALES / language / "LC_MESSAGES" / "messages.po", "rb") as po:
        write_mo(compiled, read_po(po, locale=language))
    compiled.seek(0)
    return Translations(compiled, domain="messages")


def show(value: Value, language: Language) -> str:
    """Plain text. What has a direction of its own is isolated (UAX #9): in a left-to-right sentence only what is read from the right."""
    match value:
        case Money():
            said = money(value)
        case Phone():
            said = value.national()
        case date():
            return day(value, language)
        case int():
            return str(value)
        case Words():
            return show(worded(value.by_language, language), language)
        case str():
            return f"{FSI}{value}{PDI}" if value and (language.direction == "rtl" or _from_the_right(value)) else value
    return isolated(said) if language.direction == "rtl" else said


def _from_the_right(text: str) -> bool:
    return not text.isascii() and RIGHT_TO_LEFT.search(text) is not None


def isolated(text: str) -> str:
    return f"{LRI}{text}{PDI}"


@lru_cache(10_000)
def money(value: Money) -> str:
    """₪1,234.50 in every language, the sign first, as Israeli bills print it; a currency without a symbol by its code."""
    pattern = "¤#,##0.00;-¤#,##0.00" if len(symbol(value.currency)) == 1 else "¤\u00a0#,##0.00;-¤\u00a0#,##0.00"
    return format_currency(value.decimal, value.currency, pattern, locale="en")


@cache
def symbol(currency: str) -> str:
    return get_currency_symbol(currency, locale="en")


@lru_cache(10_000)
def day(value: date, language: Language) -> str:
    """22 November 2026, the month in words: 11/12 is read two ways."""
    return format_date(value, "long", locale=language.locale)


def moment(at: int, zone: ZoneInfo) -> datetime:
    """The local time of an instant (Unix milliseconds)."""
    return datetime.fromtimestamp(at / 1000, zone)


def without_isolates(text: str) -> str:
    """For an SMS: each isolate is a character of its 70, and telephones show them as boxes."""
    return text.translate(dict.fromkeys(map(ord, (LRI, FSI, PDI))))
