"""`portal import customers` and `portal import invoices`: billing's files into the database.

What reads them is imported when it is wanted: `portal serve` starts without it.
"""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Customers and invoices from billing's files.", no_args_is_help=True)

Columns = Annotated[Path | None, typer.Option(help='A TOML file of headings: customer_id = "Our heading".')]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a row or document.")]


@app.command()
def customers(file: Path, columns: Columns = None, as_json: AsJson = False) -> None:
    """Customers from a CSV, and their invoices where it has invoice columns."""
    from portal.adapters.extracts.headings import names
    from portal.adapters.extracts.rows import CustomerRows
    from portal.cli.importing import run

    run(lambda home: CustomerRows(file, names(columns), home), str(file), as_json, create=True, update=True)


@app.command()
def invoices(
    paths: list[Path],
    create_customers: Annotated[bool, typer.Option(help="Make customers that are not known.")] = False,
    columns: Columns = None,
    as_json: AsJson = False,
) -> None:
    """UBL 2.1 invoices and credit notes (files, folders, zips), or a CSV of invoices."""
    from portal.adapters.extracts.headings import names
    from portal.adapters.extracts.packages import Documents
    from portal.cli.importing import run

    run(lambda home: Documents(paths, names(columns), home), "", as_json, create=create_customers, update=False)
