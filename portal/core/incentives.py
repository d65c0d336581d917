"""Incentives: what digital gives, computed for a customer, reserved with a payment, and applied or given back with its end.

A reservation is counted against the budget at once, in one statement: parallel redemptions never overspend it.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, delete, exists, func, literal, or_, update
from sqlmodel import col, select

from portal.core.case import Offer
from portal.core.money import Money
from portal.core.statements import Reader, Row, Statement, Writer, insert, now, p
from portal.core.tables import Incentive, Redemption

PERCENT, AMOUNT, FEE_WAIVED = "percent", "amount", "fee_waived"

_runs = and_(col(Incentive.starts_at) <= now(), col(Incentive.ends_at) > now())
_active = and_(_runs, col(Incentive.spent) < col(Incentive.budget))
_theirs = and_(col(Redemption.incentive_id) == col(Incentive.id), col(Redemption.customer_id) == p("customer_id"))
_used = exists().where(_theirs, col(Redemption.state) == "applied")
# What a payment of theirs holds now is theirs to take again: another tab, or another try, is given the same.
_held = (
    select(func.coalesce(func.sum(Redemption.amount), 0))
    .where(_theirs, col(Redemption.state) == "reserved")
    .correlate(Incentive.__table__)  # type: ignore[attr-defined]
    .scalar_subquery()
)
_quotable: tuple[Any, ...] = (
    Incentive.id, Incentive.kind, Incentive.value, Incentive.titles, Incentive.at_most,
    (col(Incentive.budget) - col(Incentive.spent) + _held).label("left"),
)  # fmt: skip
QUOTABLE = Statement(
    select(*_quotable).where(
        _runs,
        col(Incentive.action) == p("action"),
        col(Incentive.currency) == p("currency"),
        or_(col(Incentive.first_use) == 0, ~_used),
    )
)
ANNOUNCED = Statement(select(Incentive).where(_active).order_by(col(Incentive.action), col(Incentive.id)))
KNOWN = Statement(select(Incentive).where(col(Incentive.id) == p("id")))
TAKE = Statement(
    insert(Redemption)
    .values(
        incentive_id=p("incentive_id"), customer_id=p("customer_id"), payment_id=p("payment_id"), once=p("once"),
        amount=p("amount"), currency=p("currency"), state=p("state"), at=now(),
    )
    .on_conflict_do_nothing(index_elements=["incentive_id", "once"])
    .returning(col(Redemption.id))
)  # fmt: skip
UNTAKE = Statement(delete(Redemption).where(col(Redemption.id) == p("redemption_id")))


def _spend(*more: ColumnElement[bool]) -> Statement:
    return Statement(
        update(Incentive)
        .where(col(Incentive.id) == p("incentive_id"), col(Incentive.spent) + p("taken") <= col(Incentive.budget), *more)
        .values(spent=col(Incentive.spent) + p("taken"))
    )


SPEND = _spend(_active)
SPEND_WHATEVER_THE_DAY = _spend()
GIVE_BACK = Statement(
    update(Incentive).where(col(Incentive.id) == p("incentive_id")).values(spent=col(Incentive.spent) - p("taken"))
)  # fmt: skip
APPLY = Statement(
    update(Redemption)
    .where(col(Redemption.payment_id) == p("of_payment"), col(Redemption.state) == "reserved")
    .values(state="applied", at=now())
)
RELEASE = Statement(
    update(Redemption)
    .where(col(Redemption.payment_id) == p("of_payment"), col(Redemption.state) != "released")
    .values(state="released", once=literal("released:") + cast(col(Redemption.id), String), at=now())
    .returning(col(Redemption.incentive_id), col(Redemption.amount))
)
_redeemed: tuple[Any, ...] = (
    Redemption.incentive_id, Redemption.customer_id, Redemption.amount, Redemption.currency, Incentive.kind, Incentive.titles,
)  # fmt: skip
REDEEMED = Statement(
    select(*_redeemed)
    .join(Incentive, col(Incentive.id) == col(Redemption.incentive_id))
    .where(col(Redemption.payment_id) == p("payment_id"), col(Redemption.state) == p("state"))
    .order_by(col(Redemption.incentive_id))
)


@dataclass(frozen=True, slots=True)
class Announced:
    """An incentive for whoever opens the home page. `title` is by language."""

    incentive_id: str
    action: str
    kind: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Redeemed:
    incentive_id: str
    kind: str
    title: Mapping[str, str]
    amount: Money

    @property
    def is_fee(self) -> bool:
        return self.kind == FEE_WAIVED


def public(reader: Reader, action: str | None = None) -> tuple[Announced, ...]:
    """What runs now and has budget left; of one action, or of all."""
    rows = reader.all(ANNOUNCED)
    return tuple(Announced(r.id, r.action, r.kind, json.loads(r.titles)) for r in rows if action in (None, r.action))


def quote(reader: Reader, customer_id: str, action: str, owed: Money) -> tuple[Offer, ...]:
    """What settling `owed` now would give this customer, the best first. An empty `customer_id` is somebody who never used one."""
    rows = reader.all(QUOTABLE, customer_id=customer_id, action=action, currency=owed.currency)
    offers = [Offer(row.id, row.kind, json.loads(row.titles), saving) for row in rows if (saving := _saving(row, owed))]
    return tuple(sorted(offers, key=lambda offer: (-offer.saving.minor, offer.incentive_id)))


def best(offers: Collection[Offer]) -> tuple[Offer | None, tuple[Offer, ...]]:
    """What may be taken together: one discount, and each fee that is waived."""
    discounts = sorted((o for o in offers if o.kind != FEE_WAIVED), key=lambda o: (-o.saving.minor, o.incentive_id))
    return (discounts[0] if discounts else None), tuple(o for o in offers if o.kind == FEE_WAIVED)


def reserve(tx: Writer, *, payment_id: str, customer_id: str, incentives: Collection[str], saving: Money) -> bool:
    """Reserve all for a payment, of which `saving` is the discount's. False where one is over, used or spent: end `tx` without a commit."""
    # In one order for everybody: two transactions that wait for each other's incentives would be a deadlock.
    known = [row for id in sorted(incentives) if (row := tx.one(KNOWN, id=id))]
    discounts = [row for row in known if row.kind != FEE_WAIVED]
    if len(known) != len(set(incentives)) or len(discounts) != bool(saving):
        return False
    return all(_take(tx, SPEND, row, payment_id, customer_id, _amount(row, saving), "reserved") for row in known)


def apply(tx: Writer, payment_id: str) -> tuple[Redeemed, ...]:
    """The payment succeeded: what it had reserved is used. Returns what was."""
    tx.run(APPLY, of_payment=payment_id)
    return redeemed(tx, payment_id)


def release(tx: Writer, payment_id: str) -> None:
    """The payment came to nothing: its budget and its first use are free again. A second time it does nothing."""
    for row in sorted(tx.all(RELEASE, of_payment=payment_id)):
        tx.run(GIVE_BACK, incentive_id=row.incentive_id, taken=row.amount)


def take_again(tx: Writer, payment_id: str) -> tuple[Redeemed, ...]:
    """Money that came after we gave the payment up was paid on a promise: what was released is used after all, as far as the
    budget lasts, whatever the day. Returns what was."""
    for row in sorted(tx.all(REDEEMED, payment_id=payment_id, state="released"), key=lambda row: row.incentive_id):
        incentive = tx.one(KNOWN, id=row.incentive_id)
        _take(tx, SPEND_WHATEVER_THE_DAY, incentive, payment_id, row.customer_id, Money(row.amount, row.currency), "applied")
    return redeemed(tx, payment_id)


def redeemed(reader: Reader, payment_id: str) -> tuple[Redeemed, ...]:
    """What a payment used."""
    rows = reader.all(REDEEMED, payment_id=payment_id, state="applied")
    return tuple(Redeemed(r.incentive_id, r.kind, json.loads(r.titles), Money(r.amount, r.currency)) for r in rows)


def _saving(row: Row, owed: Money) -> Money | None:
    """None where there is nothing to give, or the budget does not reach for all of it."""
    match row.kind:
        case "percent":
            saving = owed.share(Decimal(row.value) / 100)
        case "amount":
            saving = Money(min(row.value, owed.minor), owed.currency)
        case "fee_waived":
            saving = Money(row.value, owed.currency)
        case unknown:
            raise ValueError(f"no incentive is {unknown}")
    if row.at_most and row.kind != FEE_WAIVED:
        saving = min(saving, Money(row.at_most, owed.currency))
    return saving if 0 < saving.minor <= row.left else None


def _amount(incentive: Row, saving: Money) -> Money:
    return Money(incentive.value, incentive.currency) if incentive.kind == FEE_WAIVED else saving


def _take(tx: Writer, spend: Statement, incentive: Row, payment_id: str, customer_id: str, amount: Money, state: str) -> bool:
    """The first use is taken by a unique row, the budget by a conditional update; neither without the other."""
    taken = tx.one(
        TAKE, incentive_id=incentive.id, customer_id=customer_id, payment_id=payment_id, amount=amount.minor,
        once=customer_id if incentive.first_use else payment_id, currency=amount.currency, state=state,
    )  # fmt: skip
    if taken is None:
        return False
    if tx.run(spend, incentive_id=incentive.id, taken=amount.minor):
        return True
    tx.run(UNTAKE, redemption_id=taken.id)
    return False
