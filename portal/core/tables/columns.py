"""Kinds of columns, and what all tables share."""

from sqlalchemy import BigInteger, Column, DefaultClause, Integer, Text, text
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def instant(default: int | None = None) -> int:
    return Field(default=default, sa_type=BigInteger)  # type: ignore[no-any-return]


def maybe_instant() -> int | None:
    return Field(default=None, sa_type=BigInteger, nullable=True)  # type: ignore[no-any-return]


def minor(default: int | None = None) -> int:
    return Field(default=default, sa_type=BigInteger)  # type: ignore[no-any-return]


def long_text(default: str | None = "") -> str:
    return Field(default=default, sa_type=Text)  # type: ignore[no-any-return]


def serial() -> int | None:
    # SQLite gives rising numbers only to an INTEGER key
    return Field(default=None, sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True))  # type: ignore[no-any-return]


def defaults_in_the_database() -> None:
    """An INSERT on the driver names only what it knows; the rest is the field's default."""
    for model in SQLModel.__subclasses__():
        if not hasattr(model, "__table__"):
            continue
        for column in model.__table__.columns:
            default = model.model_fields[column.name].default
            if isinstance(default, str | int) and not column.primary_key:
                value = str(int(default)) if isinstance(default, int) else f"'{default}'"
                column.server_default, column.default = DefaultClause(text(value)), None
