"""`portal outbox`: what could not be sent, and sending it again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from portal.core.statements import Database
from portal.core.unsent import Again, Failed

app = typer.Typer(help="What could not be sent: list it, send it again.")

ANSWERS = {
    Again.SENT: "{id}: goes out now.",
    Again.DEAD: "{id}: is over, as a code or a link is after a while. The customer asks for a new one.",
    Again.NOT_FAILED: "{id}: did not fail; it was sent, or waits to be.",
    Again.NONE: "{id}: there is no such message.",
}


@app.callback(invoke_without_command=True)
def outbox(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False) -> None:
    """What was given up for good, and how many messages there are by state."""
    if context.invoked_subcommand:
        return
    from portal.core import unsent

    with _database() as db, db.read() as reader:
        failed, states = unsent.failed(reader), unsent.states(reader)
    if as_json:
        typer.echo(json.dumps({"states": states, "failed": [asdict(one) for one in failed]}, ensure_ascii=False))
        return
    typer.echo("  ".join(f"{state} {rows}" for state, rows in states.items()) or "Nothing was ever to be sent.")
    if failed:
        _list(failed)
        typer.echo("portal outbox resend ID, or --all, sends again what is not over.")


@app.command()
def resend(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID", help="Numbers of the list.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Whatever failed and is not over.")] = False,
) -> None:
    """Sends again what failed: exit 1 where something was not."""
    from portal.core import unsent

    if bool(ids) == everything:
        raise typer.BadParameter("say which: one or more IDs of the list, or --all")
    with _database() as db, db.write() as tx:
        if everything:
            typer.echo(f"{unsent.send_all_again(tx)} go out now.")
            return
        answers = {id: unsent.send_again(tx, id) for id in ids or ()}
    for id, answer in answers.items():
        typer.echo(ANSWERS[answer].format(id=id))
    raise typer.Exit(0 if set(answers.values()) == {Again.SENT} else 1)


def _list(failed: list[Failed]) -> None:
    from rich.console import Console  # nobody who serves should wait for it
    from rich.table import Table

    table = Table("ID", "kind", "channel", "to", "age", "tries", "reason", box=None, pad_edge=False)
    for one in failed:
        reason = one.reason if one.can_be_sent else f"{one.reason} (is over)"
        table.add_row(str(one.id), one.kind, one.channel, one.recipient, _age(one.age_seconds), str(one.attempts), reason)
    Console(width=200).print(table)


def _age(seconds: int) -> str:
    minutes, hours = seconds // 60, seconds // 3600
    return f"{hours // 24} d" if hours >= 48 else f"{hours} h" if hours else f"{minutes} min"


@contextmanager
def _database() -> Iterator[Database]:
    from portal.app import open_database
    from portal.cli.serving import prepare
    from portal.settings import Settings

    prepare()
    db = open_database(Settings().database_url)
    try:
        yield db
    finally:
        db.close()
