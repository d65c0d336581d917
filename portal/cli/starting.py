"""What a start needs: settings, the company and the database. Each is there, or a ValueError says what to set."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socket import socket

    from portal.core.company import Company
    from portal.settings import Settings

SEPARATE = "PORTAL_SEPARATE_WORKER"  # what `serve` tells its own processes


@contextmanager
def or_a_line() -> Iterator[None]:
    """What cannot be used ends the command in one line."""
    try:
        yield
    except ValueError as error:
        raise SystemExit(f"portal: {error}") from error


def address(host: str, listening: "socket") -> str:
    """What a browser on this machine opens; IPv6 stands in brackets (RFC 3986 3.2.2)."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"


def company(settings: "Settings") -> "Company":
    from portal.core.company import read
    from portal.paths import DEMO

    try:
        return read(settings.company or DEMO)
    except (OSError, ValueError) as error:
        raise ValueError(f"company: {error}: check PORTAL_COMPANY") from error


def database(url: str, setting: str = "PORTAL_DATABASE_URL") -> None:
    """Brings its schema up to date, once however many start together. What the driver says stays out of it: it may quote the URL,
    and its password."""
    from sqlalchemy.exc import SQLAlchemyError

    from portal.migrations import Newer, is_sqlite, upgrade

    try:
        upgrade(url)
    except Newer as newer:
        raise ValueError(str(newer)) from newer
    except (SQLAlchemyError, OSError, ValueError) as error:
        why = type(getattr(error, "orig", None) or error).__name__
        may = "that it is a database, in a folder that may be written" if is_sqlite(url) else "that the server runs, and the rights there"
        raise ValueError(f"the database cannot be used ({why}): check {setting}, {may}") from error
