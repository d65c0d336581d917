"""Who has shown what: visits, challenges, links, and the limits on guessing."""

from sqlmodel import Field, SQLModel

from portal.core.tables.columns import instant, maybe_instant

# Looked up by its key alone: without a second tree for the key, a write touches half the pages.
NO_ROWID = {"sqlite_with_rowid": False}


class Visit(SQLModel, table=True):
    """A browser that somebody identified in. Its id is the SHA-256 of the cookie, which is nowhere else."""

    __table_args__ = NO_ROWID
    id: str = Field(primary_key=True)
    customer_id: str | None = Field(default=None, index=True)  # none: an unknown ID number, or a shared mobile before the choice
    level: int
    mobile: str = ""  # shared by several customers, one of whom is still to be chosen
    asked_as: str = ""  # pseudonym of the ID number that was typed: known and unknown ones share the same limits
    language: str
    channel: str
    source: str = ""
    started_at: int = instant()
    seen_at: int = instant()
    idle_ms: int = instant()
    ends_at: int = instant()
    code_at: int | None = maybe_instant()  # when a code was last proved: fresh for 10 minutes
    ended_at: int | None = maybe_instant()
    ended_because: str = ""


class Challenge(SQLModel, table=True):
    """A one-time code that was asked for. The code itself is derived when it is sent and when it is judged."""

    id: str = Field(primary_key=True)
    browser: str = Field(unique=True)  # SHA-256 of the cookie of the browser that asked
    purpose: str
    guard: str  # the limits it shares with whatever else would reach the same telephone
    customer_id: str | None = Field(default=None, index=True)
    mobile: str = ""  # empty: nobody's, so nothing is sent and no answer is right
    prefix: str = ""  # of the number that was typed, anybody's: the budget of each sending; empty: asked by an ID number
    language: str
    channel: str
    source: str = ""
    next: str = "/"
    sendings: int = 1  # also the HOTP counter: a new sending is a new code
    attempts: int = 0
    calls: int = 0  # how often the code was spoken by telephone
    created_at: int = instant()
    sent_at: int = instant()
    expires_at: int = instant()
    used_at: int | None = maybe_instant()


class Guard(SQLModel, table=True):
    """How often one telephone number (by keyed hash) was sent codes today, and failed in a row."""

    __table_args__ = NO_ROWID
    key: str = Field(primary_key=True)
    day: int
    challenges: int
    failures: int


class Rate(SQLModel, table=True):
    """One limit: the theoretical arrival time of GCRA (ITU-T I.371), and how far ahead of now it may be."""

    __table_args__ = NO_ROWID
    key: str = Field(primary_key=True)
    arrival: int = instant()
    interval: int = instant()
    tolerance: int = instant()


class Link(SQLModel, table=True):
    """A texted link. The token is signed from the id and stored nowhere."""

    id: str = Field(primary_key=True)
    purpose: str
    customer_id: str | None = Field(default=None, index=True)
    action: str
    level: int
    language: str
    channel: str
    source: str = ""
    created_at: int = instant()
    expires_at: int = instant()
    used_at: int | None = maybe_instant()
