"""Every statement on the way of a request, and by which key it finds its rows: `python -m tests.queries` writes docs/queries.md.

A table that belongs to customers is asked with `customer_id`, or by a key of its own that is listed here with the reason.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Insert, Table, Update
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BinaryExpression
from sqlmodel import SQLModel

from portal.core.identity import limits
from portal.core.statements import Statement

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "queries.md"
# What a request, a notice or the sending of a message runs. Imports, the demo and the desk's reports are not.
LEFT_OUT = ("portal.core.unsent", "portal.adapters.billing.recording")  # an operator's command, and the reference billing server
PACKAGES = ("portal.core", "portal.actions", "portal.channels", "portal.adapters.billing")
KEY = "customer_id"

# By what a row is found where the customer is not known yet, or where the key says who it is.
OWN_KEYS = {
    ("visit", "id"): "the cookie's hash: it tells who the customer is",
    ("challenge", "browser"): "the cookie's hash, before anybody is known",
    ("challenge", "id"): "the row was found by its browser",
    ("link", "id"): "what the token names, before anybody is known",
    ("customer", "mobile"): "a number that was typed: it identifies",
    ("customer", "national_id"): "a number that was typed: it identifies",
    ("journey", "subject"): "`customer:ID`, or a visit that proved less",
    ("journey", "id"): "one row, found by its subject or named by its payment",
    ("payment", "id"): "the provider's notice names it, or the customer's own open payment",
    ("payment", "capture"): "the provider's word about money that went back names it",
    ("payment", "journey_id"): "of one journey",
    ("redemption", "payment_id"): "of one payment",
    ("redemption", "id"): "one row, found with its payment",
    ("callback", "reference"): "made of who asks for what: whether the same was asked a moment ago",
    ("outbox", "key"): "a queue: whoever is free takes the next, whosever it is",
    ("outbox", "id"): "a queue",
    ("outbox", "recipient"): "the sandbox's telephone",
    ("outbox", "state"): "a queue: what waits, what failed",
    ("payment", "state"): "payments that the provider is silent on, a few a minute in the background",
    ("notice", "id"): "the provider's own name of it",
}  # fmt: skip


@dataclass(frozen=True, order=True, slots=True)
class Query:
    """One table of one statement, and the columns by which it is found."""

    table: str
    name: str
    does: str
    found_by: tuple[str, ...]

    @property
    def carries(self) -> bool:
        return KEY in self.found_by

    @property
    def own_key(self) -> str:
        return next((column for column in self.found_by if (self.table, column) in OWN_KEYS), "")


def queries() -> list[Query]:
    owned = {name for name, table in SQLModel.metadata.tables.items() if KEY in table.columns}
    return sorted({query for name, one in statements() for query in asked(name, one) if query.table in owned})


def statements() -> Iterator[tuple[str, Statement]]:
    """By the module that has it first, and its name there."""
    seen: set[int] = set()
    for module in _modules():
        for name, value in sorted(vars(module).items()):
            for one in value.values() if isinstance(value, dict) else [value]:
                if isinstance(one, Statement) and id(one) not in seen and _made_in(module, name):
                    seen.add(id(one))
                    yield f"{module.__name__.removeprefix('portal.')}.{name}", one
    yield "core.identity.limits._spend", limits._spend(2)


def _modules() -> list[Any]:
    found = []
    for package in map(importlib.import_module, PACKAGES):
        inside = pkgutil.walk_packages(package.__path__, f"{package.__name__}.") if hasattr(package, "__path__") else ()
        found += [package, *(importlib.import_module(one.name) for one in inside)]
    return [module for module in found if module.__name__ not in LEFT_OUT]


def _made_in(module: Any, name: str) -> bool:
    return f"\n{name} =" in (source := Path(module.__file__).read_text(encoding="utf-8")) or f"\n{name}:" in source


def asked(name: str, statement: Statement) -> Iterator[Query]:
    clause: Any = statement.clause
    compared = set(_compared(clause))
    written = _name(clause.table) if isinstance(clause, (Insert, Update)) else ""
    tables: dict[str, Any] = {one.name: one for one in visitors.iterate(clause) if isinstance(one, Table)}
    for table in (tables | ({written: clause.table} if written else {})).values():
        does = type(clause).__name__.lower() if table.name == written else "select"
        inserted = set(_inserted(clause)) if does == "insert" else set()
        columns = inserted | {column.name for column in compared if column.table.name == table.name}
        yield Query(table.name, name, does, tuple(sorted(columns & _keys(table))))


def _name(table: Any) -> str:
    return str(table.name)


def _compared(clause: Any) -> Iterator[Any]:
    """Columns that must equal something, be it a column of a table joined."""
    for element in visitors.iterate(clause):
        if isinstance(element, BinaryExpression) and element.operator in (operators.eq, operators.in_op):
            for side in (element.left, element.right):
                if isinstance(side, Column):
                    yield side


def _inserted(clause: Any) -> tuple[str, ...]:
    rows = clause._multi_values[0] if clause._multi_values else [clause._values or {}]
    return tuple(getattr(column, "name", column) for row in rows for column in row)


def _keys(table: Table) -> set[str]:
    return {KEY} | {column for name, column in OWN_KEYS if name == table.name}


HEAD = """# Queries and the key they carry

Written by `python -m tests.queries` from the statements themselves; `tests/test_queries.py` compares.

Of every table that belongs to customers, each statement that a request, a notice or the sending of a message runs. Those
with `customer_id` stay on one node of a database that is distributed by it. The others look up one row by a key of its own,
which is indexed: on such a database that key is what the table is distributed by, or its index is global
([deploy.md](deploy.md#past-one-postgresql)). What belongs to nobody (`rate`, `guard`, `incentive`, `chore`, `clock`) is found by
its primary key.
"""


def document() -> str:
    lines = [HEAD]
    for table, group in groupby(queries(), lambda query: query.table):
        lines += [f"\n## {table}\n", "| statement | does | found by | without `customer_id` because |", "| --- | --- | --- | --- |"]
        for query in group:
            why = "" if query.carries else OWN_KEYS.get((table, query.own_key), "?")
            keys = ", ".join(f"`{column}`" for column in query.found_by)
            lines.append(f"| `{query.name}` | {query.does} | {keys} | {why} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
