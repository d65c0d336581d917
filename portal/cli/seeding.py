"""`portal seed`: the demo company's customers, invoices and incentives into an empty database."""

import typer


def seed() -> None:
    """The demo company, where the database is empty; a database with customers is left alone."""
    from portal import demo
    from portal.app import open_database
    from portal.cli.serving import prepare
    from portal.settings import Settings

    prepare()
    settings = Settings()
    if settings.live:
        raise SystemExit("portal: the demo company does not go into a live database")
    db = open_database(settings.database_url)
    try:
        typer.echo("The demo company is in." if demo.seed(db) else "There are customers already: nothing was changed.")
    finally:
        db.close()
