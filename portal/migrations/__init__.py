"""The schema's history. `upgrade` brings a database to the newest revision, once, however many processes start together."""

from pathlib import Path

from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.pool import NullPool

HERE = Path(__file__).resolve().parent

# Any number; the same for every process that migrates
LOCK = 7_403_266_001


class Newer(Exception):
    """The database is of a version after this one."""


def upgrade(url: str) -> None:
    """Raises Newer."""
    if is_sqlite(url):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool, connect_args={"timeout": 60} if is_sqlite(url) else {})
    found = revision(engine)
    if found == newest():
        return
    if found and found > newest():
        raise Newer(f"the database is at revision {found}, and this version knows {newest()}: install the version that made it")
    _run(engine, url, "upgrade", "head")


def downgrade(url: str, to: str) -> None:
    """Back to a revision; what came with later ones is dropped. For nobody who serves."""
    _run(create_engine(sqlalchemy_url(url), poolclass=NullPool), url, "downgrade", to)


def _run(engine: Engine, url: str, command: str, revision: str) -> None:
    from alembic import command as commands  # a quarter of a second that only a migration needs to wait
    from alembic.config import Config

    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)") if not is_sqlite(url) else text("SELECT :lock"), {"lock": LOCK})
        connection.commit()
        config = Config()
        config.set_main_option("script_location", str(HERE))
        config.attributes["connection"] = connection
        getattr(commands, command)(config, revision)
        connection.commit()


def revision(engine: Engine) -> str | None:
    """What the database is at, without importing what only a migration needs."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def newest() -> str:
    """Revisions are named by their number: 0001_first.py is 0001."""
    return max(path.name[:4] for path in (HERE / "versions").glob("[0-9]*.py"))


def sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")
