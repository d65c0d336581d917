"""Which of the two databases a story is told on, and how the demo company gets into one, or again into one that is open."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from portal import demo
from portal.app import open_database


def _quick(kind: str, other: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("new_database", [kind, pytest.param(other, marks=pytest.mark.long)], indirect=True)


# Of a story about processes and peers, whose statements others try on both: with one of them in `make test`, the other in `make test-long`.
quick_on_sqlite, quick_on_postgresql = _quick("sqlite", "postgresql"), _quick("postgresql", "sqlite")
on_sqlite = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)


def demo_company(url: str) -> None:
    """`portal seed` without its process."""
    opened = open_database(url)
    assert demo.seed(opened)
    opened.close()


def as_seeded(database: Path, seed: Path) -> None:
    """To the portal that has it open, SQLite's backup is a write like any other; a portal of each story's own would take 2 s to start."""
    with closing(sqlite3.connect(seed)) as seeded, closing(sqlite3.connect(database, timeout=10)) as running:
        seeded.backup(running)
