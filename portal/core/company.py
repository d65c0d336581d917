"""The company whose portal it is: name, colours, telephone, hours, policies and wording, from `company.toml`."""

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from portal.core.money import Money

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Hours:
    """When people answer: `week` is opening and closing of each day from Monday; None where closed."""

    week: tuple[tuple[time, time] | None, ...]

    def open_at(self, local: datetime) -> bool:
        day = self.week[local.weekday()]
        return day is not None and day[0] <= local.time() < day[1]

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
    service_fee: Money  # what paying with a person costs; 0: nothing
    show_amount_by_id: bool  # DESIGN: tells whoever has the ID number
    sms_countries: tuple[str, ...]  # ISO 3166-1: where codes may be sent
    coordinator: dict[str, str] = field(default_factory=dict)  # of accessibility: name, telephone, email
    wording: dict[str, dict[str, str]] = field(default_factory=dict)

    def named(self, language: str) -> str:
        return self.name.get(language) or self.name["he"]


def read(path: Path) -> Company:
    """Raises ValueError with the key that is missing or wrong."""
    with open(path, "rb") as file:
        said = tomllib.load(file)
    try:
        return _company(said, path.parent)
    except KeyError as missing:
        raise ValueError(f"{path}: {missing} is missing") from missing


def _company(said: dict[str, Any], folder: Path) -> Company:
    currency = said["currency"]
    return Company(
        name=said["name"],
        legal_name=said["legal_name"],
        colour=said["colour"],
        logo=(folder / said["logo"]).read_text(encoding="utf-8") if said.get("logo") else "",
        telephone=said["telephone"],
        whatsapp=said.get("whatsapp", ""),
        email=said.get("email", ""),
        address=said.get("address", {}),
        zone=ZoneInfo(said.get("timezone", "Asia/Jerusalem")),
        hours=Hours(tuple(_day(said["hours"].get(day)) for day in DAYS)),
        currency=currency,
        wait_minutes=said.get("wait_minutes", 0),
        service_fee=Money(said.get("service_fee", 0), currency),
        show_amount_by_id=said.get("policies", {}).get("show_amount_by_id", False),
        sms_countries=tuple(said.get("policies", {}).get("sms_countries", ["IL"])),
        coordinator=said.get("accessibility", {}),
        wording=said.get("wording", {}),
    )


def _day(said: list[str] | None) -> tuple[time, time] | None:
    return (time.fromisoformat(said[0]), time.fromisoformat(said[1])) if said else None
