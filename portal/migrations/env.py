from alembic import context
from sqlmodel import SQLModel

from portal.core import tables  # noqa: F401 - declares what SQLModel.metadata knows

connection = context.config.attributes["connection"]
if connection.dialect.name == "sqlite":
    # Two processes that start together: the second waits here, and finds it done.
    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    connection.commit()
context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    context.run_migrations()
