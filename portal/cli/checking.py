"""`portal check`: settings, database, keys, vendors; each line ok, or what to do."""

from collections.abc import Iterator
from pathlib import Path

import typer


def check() -> None:
    """Whether everything is there that a start needs."""
    wrong = 0
    for ok, line in _findings():
        typer.echo(f"{'ok   ' if ok else 'WRONG'} {line}")
        wrong += not ok
    raise typer.Exit(1 if wrong else 0)


def _findings() -> Iterator[tuple[bool, str]]:
    from portal.settings import SANDBOX_KEY, Settings

    try:
        settings = Settings()
    except ValueError as error:
        yield False, " ".join(str(error).split())
        return
    yield True, f"mode is {settings.mode}, at {settings.base_url}"
    for problem in settings.problems:
        yield False, problem
    if not settings.problems:
        own = SANDBOX_KEY not in settings.keys
        yield True, f"{len(settings.keys)} secret key(s)" if own else "the sandbox's secret key: set PORTAL_SECRET_KEYS before going live"
    yield _company(settings.company)
    yield _database(settings.database_url)
    yield True, f"SMS by {settings.sms}, e-mail by {settings.email}, payments by {settings.payments}"


def _company(path: Path | None) -> tuple[bool, str]:
    from portal.app import DEMO
    from portal.core.company import read

    try:
        company = read(path or DEMO)
    except (OSError, ValueError) as error:
        return False, f"company: {error}: set PORTAL_COMPANY to a company.toml that has it"
    return True, f"company {company.legal_name}"


def _database(url: str) -> tuple[bool, str]:
    from portal.migrations import newest, upgrade

    try:
        upgrade(url)
    except Exception as error:
        return False, f"database: {type(error).__name__}: check PORTAL_DATABASE_URL and that the server runs"
    return True, f"database at revision {newest()}"
