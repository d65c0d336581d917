"""Processes that do the same thing at the same time: each has its own connection, as behind a load balancer."""

import atexit
import os
import signal
from collections.abc import Callable, Sequence
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from portal.adapters.postgres import Postgres
from portal.adapters.sqlite import SQLite
from portal.core import payments
from portal.core.payments import AnotherOpen, Changed
from portal.core.ports import Heard
from portal.core.statements import Database
from portal.core.steps import Settlement
from tests.core import paying

PROCESSES = 3

_here: dict[str, Any] = {}
_databases: dict[str, Database] = {}


def at_once(work: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    """What each call returned, spread over processes that have all begun before the first call."""
    pool = _crowd()
    pool.map(_begin, range(PROCESSES), chunksize=1)
    return pool.starmap(work, calls, chunksize=1)


@cache
def _crowd() -> Any:
    """Kept for all tests: a process takes seconds to begin."""
    context = get_context("spawn")
    pool = context.Pool(PROCESSES, initializer=_meet, initargs=(context.Barrier(PROCESSES),))
    atexit.register(pool.terminate)
    return pool


def _meet(barrier: Any) -> None:
    _here["barrier"] = barrier


def _begin(_n: int) -> None:
    """Each process takes one of these, for nobody gets past before all are here."""
    _here["barrier"].wait(timeout=60)


def connected(url: str) -> Database:
    """The test's database; the last test's is gone."""
    for other in [known for known in _databases if known != url]:
        _databases.pop(other).close()
    if url not in _databases:
        database: Database = SQLite(Path(url.removeprefix("sqlite:///"))) if url.startswith("sqlite") else Postgres(url)
        _databases[url] = database
    return _databases[url]


def press_pay(url: str, customer_id: str, settlement: Settlement, journey: str) -> str:
    """The payment's id, or why there is none."""
    try:
        return paying.opens(connected(url), customer_id, settlement, journey).id
    except AnotherOpen:
        return "another"
    except Changed as changed:
        return changed.id


def deliver(url: str, heard: Heard) -> bool:
    """Whether it was news."""
    with connected(url).write() as tx:
        return payments.hear(tx, "fake", heard) is not None


def ask(url: str, provider: paying.FakeProvider) -> int:
    db = connected(url)
    return payments.ask_about(db, provider, lambda name, heard: paying.hears(db, heard))


def redeem(url: str, customer_id: str, incentive_id: str, amount: int) -> bool:
    """Whether the budget reached; what was reserved is applied."""
    try:
        payment = paying.opens(connected(url), customer_id, paying.settles(10000, "A", saving=amount, by=(incentive_id,)))
    except (Changed, AnotherOpen):
        return False
    return deliver(url, paying.says(payment, "success"))


def killed_asking(url: str, payment_id: str) -> int:
    """How a process of its own ended that died between its question to the provider and the answer."""
    process = get_context("spawn").Process(target=_die_asking, args=(url, payment_id))
    process.start()
    process.join(60)
    return process.exitcode or 0


def _die_asking(url: str, payment_id: str) -> None:
    payments.ask_now(connected(url), Deadly(), payment_id, lambda name, heard: None)


class Deadly(paying.FakeProvider):
    def ask(self, reference: str) -> Heard:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("dead")
