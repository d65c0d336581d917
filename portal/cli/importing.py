"""An import on its way: what became of each row, how far it is, and what to do where it stops."""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from threading import Event

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from portal.adapters.extracts.books import Books, Entered
from portal.adapters.extracts.entries import Entry, Reading, Status, Unreadable, as_json, reason
from portal.app import open_database
from portal.cli import starting
from portal.core.errors import Unavailable
from portal.core.languages import Language, Text, _
from portal.settings import read

# More would hide the sum of it; --json has them all
SHOWN = 50
STATUSES = {
    Status.ADDED: _("added"),
    Status.CHANGED: _("changed"),
    Status.UNCHANGED: _("unchanged"),
    Status.REFUSED: _("refused"),
}
STOPPED = _("Stopped. Run the same command again to go on.")
# What a shell expects of a program that was interrupted, and of one that was ended
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM


def run(reading: Callable[[str], Reading], file: str, as_json: bool, *, create: bool, update: bool) -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name may be no text
    report = Report(as_json)
    try:
        with books(create=create, update=update) as (open_books, home):
            source = reading(home)
            with bar(source.size) as moved, until_sigterm() as ended:
                for entered in open_books.enter(source):
                    report.add(entered)
                    moved(source.position)
                    if ended.is_set():
                        report.stop(STOPPED, TERMINATED)
                        break
    except Unreadable as refusal:
        report.add([Entered(Entry(file, refusal.line, refused=refusal.text), Status.REFUSED, refusal.text)])
    except Unavailable as error:
        report.stop(_("The database did not answer ({error}). Run the same command again to go on.", error=str(error)), 1)
    except KeyboardInterrupt:
        report.stop(STOPPED, INTERRUPTED)
    report.finish()


class Report:
    """Rows read, added, changed and refused: for people, or one object a row for programs."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.language = spoken()
        self.counted: Counter[Status] = Counter()
        self.told: list[str] = []
        self.untold = 0
        self.exit = 0

    def add(self, batch: list[Entered]) -> None:
        for each in batch:
            self.counted[each.status] += 1
            why = reason(each.entry, each.refused, self.language)
            if self.as_json:
                print(json.dumps(as_json(each.entry, each.status, why), ensure_ascii=False))
            elif why and len(self.told) < SHOWN:
                self.told.append(": ".join(filter(None, (each.entry.place, self._say(STATUSES[each.status]), why))))
            elif why:
                self.untold += 1

    def stop(self, text: Text, exit: int) -> None:
        self.told.append(self._say(text))
        self.exit = exit

    def finish(self) -> None:
        for line in self.told:
            print(line, file=sys.stderr if self.as_json else sys.stdout)
        if self.untold:
            self._print(_("And {n} more: --json has them all.", n=self.untold))
        counts = {status.value: self.counted[status] for status in Status}
        self._print(
            _(
                "{rows} rows read: {added} added, {changed} changed, {unchanged} unchanged, {refused} refused.",
                rows=sum(counts.values()),
                **counts,
            )
        )
        raise typer.Exit(self.exit or (1 if self.counted[Status.REFUSED] else 0))

    def _print(self, text: Text) -> None:
        print(self._say(text), file=sys.stderr if self.as_json else sys.stdout)

    def _say(self, text: Text) -> str:
        return text.say(self.language)


def spoken() -> Language:
    """The operator's, as the terminal is set."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return next((language for language in Language if locale.startswith(f"{language}_")), Language.EN)


@contextmanager
def books(*, create: bool, update: bool) -> Iterator[tuple[Books, str]]:
    """The company's books, and the currency it bills in."""
    with starting.or_a_line():
        settings = read()
        home = starting.company(settings).currency
        starting.database(settings.database_url)
    db = open_database(settings.database_url)
    try:
        yield Books(db, create=create, update=update), home
    finally:
        db.close()


@contextmanager
def until_sigterm() -> Iterator[Event]:
    """Nobody sits before a process that is ended so: it finishes what it has in hand."""
    ended = Event()
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        yield ended
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def bar(size: int) -> Iterator[Callable[[int], None]]:
    """How far it is, where somebody is looking."""
    if not sys.stderr.isatty():
        yield lambda position: None
        return
    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=size)
        yield lambda position: progress.update(task, completed=position)
