"""Texted links. GET shows, only POST spends: messengers, scanners and previews open links (promise 20).

The token is the link's id, signed for this purpose alone; the row is found by the id, so that another spelling of the
same token is the same link (21, 22), and the token itself is stored nowhere.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select

from portal.core.case import Proof
from portal.core.errors import Refused
from portal.core.events import Origin
from portal.core.identity import guards
from portal.core.identity.people import SETTLED
from portal.core.keys import Keys, name
from portal.core.languages import Language, _
from portal.core.spans import MINUTE_MS
from portal.core.statements import Reader, Statement, Writer, insert, now, p
from portal.core.tables import Customer, Link

SALT = "link"
LIFETIME_MS = 15 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link opens. Its level counts only once somebody pressed Continue."""

    id: str
    customer_id: str | None
    action: str
    proof: Proof
    language: Language
    origin: Origin


COLUMNS: tuple[Any, ...] = (Link.id, Link.customer_id, Link.action, Link.level, Link.language, Link.channel, Link.source)
NEW = Statement(
    insert(Link).values(
        id=p("id"), purpose="action", customer_id=p("customer_id"), action=p("action"), level=p("level"), language=p("language"),
        channel=p("channel"), source=p("source"), created_at=now(), expires_at=now() + LIFETIME_MS,
    )
)  # fmt: skip
LOOK = Statement(select(*COLUMNS).where(col(Link.id) == p("id"), col(Link.used_at).is_(None), col(Link.expires_at) > now()))
# The telephone may have changed hands while the link was written, or since.
_holds = select(Customer.customer_id).where(col(Customer.customer_id) == col(Link.customer_id), SETTLED).exists()
_still_theirs = (col(Link.level) < int(Proof.CODE)) | col(Link.customer_id).is_(None) | _holds
SPEND = Statement(
    update(Link)
    .where(col(Link.id) == p("id_"), col(Link.used_at).is_(None), col(Link.expires_at) > now(), _still_theirs)
    .values(used_at=now())
    .returning(*COLUMNS)
)


def make(tx: Writer, customer_id: str | None, action: str, proof: Proof, language: Language, origin: Origin) -> str:
    """A link's id; `token` signs it when the message is composed."""
    id = name()
    tx.later(
        NEW, id=id, customer_id=customer_id, action=action, level=int(proof), language=language.value,
        channel=origin.channel, source=origin.source,
    )  # fmt: skip
    return id


def token(keys: Keys, id: str) -> str:
    return keys.sign(SALT, id)


def look(reader: Reader, keys: Keys, token: str) -> Opened:
    """What it would open, without spending it."""
    return _opened(reader.one(LOOK, id=keys.unsign(SALT, token) or ""))


def spend(tx: Writer, keys: Keys, token: str) -> Opened:
    """Once. Where it lets in, it proves the telephone that it was texted to, as a code does."""
    opened = _opened(tx.one(SPEND, id_=keys.unsign(SALT, token) or ""))
    if opened.proof is Proof.CODE:
        guards.forgive_holder(tx, keys, opened.customer_id)
    return opened


def _opened(row: Link | None) -> Opened:
    if row is None:
        raise Refused("link_over", _("This link was used already or is older than 15 minutes. You can go on from here:"), status=410)
    return Opened(row.id, row.customer_id, row.action, Proof(row.level), Language(row.language), Origin(row.channel, row.source))
