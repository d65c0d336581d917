"""`portal unlock`: opens telephones that wrong codes shut, for customers whom a person has recognised."""

from typing import Annotated

import typer


def unlock(numbers: Annotated[list[str], typer.Argument(metavar="NUMBER", help="As it is dialled, or +972….")]) -> None:
    """Forgives the wrong codes of a number: anybody's twenty in a row shut it until its owner lets themselves in by a texted link."""
    from portal.app import open_database
    from portal.cli.serving import prepare
    from portal.core import unsent
    from portal.core.events import Origin
    from portal.core.identity import guards
    from portal.core.keys import Keys
    from portal.settings import Settings

    mobiles = [_mobile(number) for number in numbers]
    prepare()
    settings = Settings()
    keys, db = Keys.of(settings.keys), open_database(settings.database_url)
    try:
        with db.write() as tx:
            forgiven = {mobile: guards.unlock(tx, keys, mobile, Origin("cli")) for mobile in mobiles}
    finally:
        db.close()
    for mobile, any_wrong in forgiven.items():
        typer.echo(f"{unsent.masked(mobile)}: {'its wrong codes are forgiven' if any_wrong else 'there were no wrong codes to forgive'}.")


def _mobile(number: str) -> str:
    from portal.core import typed
    from portal.core.errors import Refused

    try:
        return typed.phone(number)
    except Refused as refused:
        raise typer.BadParameter("this is no telephone number") from refused
