"""What happened is a row and a figure, or neither."""

from prometheus_client import REGISTRY
from sqlmodel import select

from portal.core.errors import Unavailable
from portal.core.events import Origin, note
from portal.core.statements import Database, Statement, Writer
from portal.core.tables import Event

STEPS = Statement(select(Event.step))
EVENT = {"action": "", "step": "a step of this test", "outcome": "done"}


def took_a_step(tx: Writer) -> None:
    note(tx, Origin("web"), EVENT["step"], EVENT["outcome"])


def counted() -> float:
    return REGISTRY.get_sample_value("portal_events_total", EVENT) or 0


def stored(database: Database) -> int:
    with database.read() as reader:
        return len(reader.all(STEPS))


def test_it_is_counted_once_it_is_committed(database):
    before = counted()
    with database.write() as tx:
        took_a_step(tx)
        took_a_step(tx)
        assert counted() == before
    assert (counted() - before, stored(database)) == (2, 2)


def test_what_was_undone_is_not_counted(database):
    before = counted()
    try:
        with database.write() as tx:
            took_a_step(tx)
            raise Unavailable("whatever follows it fails")
    except Unavailable:
        """Nothing of it is kept."""
    assert (counted() - before, stored(database)) == (0, 0)
