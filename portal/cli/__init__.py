"""The command line: `portal serve`, `worker`, `seed`, `import`, `billing`, `outbox`, `unlock`, `check`."""

import typer

from portal.cli import billing, checking, imports, outbox, seeding, serving, unlocking

main = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="The Quick Actions Portal.")
main.add_typer(imports.app, name="import")
main.add_typer(outbox.app, name="outbox")
main.command("serve")(serving.serve)
main.command("worker")(serving.worker)
main.command("seed")(seeding.seed)
main.command("billing")(billing.serve)
main.command("unlock")(unlocking.unlock)
main.command("check")(checking.check)
