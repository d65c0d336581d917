"""The company whose portal it is: name, colours, telephone, hours, policies and wording, from `company.toml`."""

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from string import Formatter
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS, NumberParseException, parse

from portal.core.languages import Language, sentences, worded

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
COUNTRIES = tuple(SUPPORTED_REGIONS)  # no set: what a file names instead of a country may be a list
E164 = r"\+\d{6,15}"
KINDS: dict[type, str] = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hours:
    """When people answer: `week` is opening and closing of each day from Monday; None where closed."""

    week: tuple[tuple[time, time] | None, ...]

    def open_at(self, local: datetime) -> bool:
        day = self.week[local.weekday()]
        return day is not None and day[0] <= local.time() < day[1]

    def opens_next(self, local: datetime) -> tuple[date, time, time] | None:
        """The next time that somebody comes to answer, from when until when, perhaps later that day; None where nobody ever does."""
        today = self.week[local.weekday()]
        return (local.date(), *today) if today and local.time() < today[0] else self.opening_after(local.date())

    def opening_after(self, day: date) -> tuple[date, time, time] | None:
        """The next day on which people answer, from when until when; None where they never do."""
        for ahead in range(1, 8):
            following = day + timedelta(ahead)
            if hours := self.week[following.weekday()]:
                return following, *hours
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    name: dict[str, str]  # by language
    legal_name: str
    colour: str
    logo: str  # an SVG, drawn inside the page
    telephone: str  # E.164
    whatsapp: str  # E.164, or empty
    email: str
    address: dict[str, str]
    zone: ZoneInfo
    hours: Hours
    currency: str
    wait_minutes: int  # usual wait on the telephone
    show_amount_by_id: bool  # DESIGN: tells whoever has the ID number
    sms_countries: tuple[str, ...]  # ISO 3166-1: where codes may be sent
    registration: str = ""  # its number in the register of companies
    coordinator: dict[str, str] = field(default_factory=dict)  # of accessibility: name, telephone, email
    wording: dict[str, dict[str, str]] = field(default_factory=dict)  # their own words for our sentences, by language and English wording

    def named(self, language: Language) -> str:
        return worded(self.name, language)


def read(path: Path) -> Company:
    """Raises ValueError with the key that is missing or wrong."""
    try:
        return _company(tomllib.loads(path.read_text(encoding="utf-8")), path.parent)
    except KeyError as missing:
        raise ValueError(f"{path}: {missing} is missing") from missing
    except ValueError as wrong:
        raise ValueError(f"{path}: {wrong}") from wrong


def _company(said: dict[str, Any], folder: Path) -> Company:
    name, currency = _take(said, "name", dict), _take(said, "currency", str)
    hours, policies = _take(said, "hours", dict), _take(said, "policies", dict, {})
    if not isinstance(name.get("he"), str):
        raise ValueError("name.he is missing: what is not named in a language has its Hebrew name")
    return Company(
        name=name,
        legal_name=_take(said, "legal_name", str),
        colour=_formed(_take(said, "colour", str), r"#[0-9a-fA-F]{6}", "colour", "#rrggbb"),
        logo=(folder / said["logo"]).read_text(encoding="utf-8") if _take(said, "logo", str, "") else "",
        telephone=_number(_take(said, "telephone", str), "telephone"),
        whatsapp=_number(said["whatsapp"], "whatsapp") if _take(said, "whatsapp", str, "") else "",
        email=_take(said, "email", str, ""),
        address=_take(said, "address", dict, {}),
        zone=_zone(_take(said, "timezone", str, "Asia/Jerusalem")),
        hours=Hours(tuple(_day(day, hours.get(day)) for day in DAYS)),
        currency=currency,
        wait_minutes=_take(said, "wait_minutes", int, 0),
        show_amount_by_id=_take(policies, "show_amount_by_id", bool, False),
        sms_countries=_countries(_take(policies, "sms_countries", list, ["IL"])),
        registration=_take(said, "registration", str, ""),
        coordinator=_take(said, "accessibility", dict, {}),
        wording=_wording(_take(said, "wording", dict, {})),
    )


def _take(said: dict[str, Any], key: str, kind: type[T], default: T | None = None) -> T:
    """Raises KeyError where it must be there, and is not."""
    value = said[key] if default is None else said.get(key, default)
    if type(value) is not kind:  # isinstance would take true for a number
        raise ValueError(f"{key} must be {KINDS[kind]}")
    return value


def _formed(value: str, pattern: str, key: str, example: str) -> str:
    if not re.fullmatch(pattern, value):
        raise ValueError(f"{key} must be of the form {example}")
    return value


def _number(value: str, key: str) -> str:
    """As pages will read it: of a country that there is."""
    try:
        parse(_formed(value, E164, key, "+972…"))
    except NumberParseException:
        raise ValueError(f"{key} must be a number of some country, of the form +972…") from None
    return value


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"timezone: there is no {name!r}") from None


def _countries(codes: list[Any]) -> tuple[str, ...]:
    unknown = [code for code in codes if code not in COUNTRIES]
    if unknown:
        raise ValueError(f"sms_countries: there is no {unknown[0]!r}; Israel is IL, the United Kingdom GB (ISO 3166-1)")
    return tuple(codes)


def _wording(said: dict[str, Any]) -> dict[str, dict[str, str]]:
    for language, words in said.items():
        if language not in set(Language) or not isinstance(words, dict):
            raise ValueError(f"wording.{language} must be a table, of one of the languages {', '.join(Language)}")
        for id, own in words.items():
            if id not in sentences():
                raise ValueError(f"wording.{language}: there is no sentence {id!r} (they are in portal/locales/en)")
            if not isinstance(own, str) or _places(own) != _places(id):
                raise ValueError(f"wording.{language}: {id!r} needs words with the same {{places}} in them")
    return said


def _places(sentence: str) -> list[str]:
    """Raises ValueError for a brace that nobody closes."""
    return sorted({name for _text, name, _format, _conversion in Formatter().parse(sentence) if name is not None})


def _day(day: str, said: Any) -> tuple[time, time] | None:
    if not said:
        return None
    try:
        opening, closing = map(time.fromisoformat, said)
    except (TypeError, ValueError):
        raise ValueError(f'hours.{day} must be ["08:00", "19:00"], or left out') from None
    if opening.tzinfo or closing.tzinfo:
        raise ValueError(f'hours.{day} must be ["08:00", "19:00"], by the clock of the company\'s timezone')
    if opening >= closing:
        raise ValueError(f'hours.{day} must be ["08:00", "19:00"], of one day: until midnight is "23:59"')
    return opening, closing
