"""`portal billing`: a company's own billing system, to try `PORTAL_BILLING=http` with."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from portal.cli import starting


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8100,
    key: Annotated[str, typer.Option(envvar="BILLING_KEY", help="The bearer key that the portal has to show.")] = "try-me",
    database: Annotated[str, typer.Option(envvar="BILLING_DATABASE_URL", help="Its own database.")] = "sqlite:///var/billing.db",
) -> None:
    """A billing system for the demo company, as docs/billing-openapi.yaml describes it, with books of its own."""
    import uvicorn

    from portal import demo
    from portal.adapters.billing import EmbeddedBilling
    from portal.app import open_database
    from portal.reference.billing import application

    Path("var").mkdir(exist_ok=True)
    with starting.or_a_line():
        starting.database(database, "BILLING_DATABASE_URL")
    db = open_database(database)
    demo.seed(db)
    config = uvicorn.Config(
        application(EmbeddedBilling(db), db, key), host=host, port=port, access_log=False, log_level="warning", server_header=False
    )
    listening = config.bind_socket()
    address = starting.address(host, listening)
    print(f"Billing is at {address}/. For the portal:", flush=True)
    print(f"PORTAL_BILLING=http PORTAL_BILLING_URL={address} PORTAL_BILLING_KEY={key}", flush=True)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run([listening])
    db.close()
