"""The states of a payment, in one table: what each may become.

A state is left only for one further down the table, so notices that come in any order end in the same state. Money that
was taken outweighs all else: whatever we thought, a payment may still turn out a success, and is never anything else after.
"""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import ColumnElement
from sqlmodel import col

from portal.core.statements import constant
from portal.core.tables import Payment


class State(StrEnum):
    CREATED = "created"  # kept before the provider is asked, so that its answer is never lost
    STARTED = "started"  # the provider has a page for it
    SUBMITTED = "submitted"  # the customer has paid, and the bank has not answered yet
    ERROR = "error"  # the provider would not take the order
    CANCELLED = "cancelled"  # given up: by the customer, by the page's age, or for another amount
    FAILED = "failed"  # the bank declined
    SUCCESS = "success"  # the money was taken


S = State
STATES: Mapping[State, tuple[State, ...]] = {
    S.CREATED: (S.STARTED, S.SUBMITTED, S.ERROR, S.CANCELLED, S.FAILED, S.SUCCESS),
    S.STARTED: (S.SUBMITTED, S.ERROR, S.CANCELLED, S.FAILED, S.SUCCESS),
    S.SUBMITTED: (S.ERROR, S.CANCELLED, S.FAILED, S.SUCCESS),
    S.ERROR: (S.CANCELLED, S.FAILED, S.SUCCESS),
    S.CANCELLED: (S.FAILED, S.SUCCESS),
    S.FAILED: (S.SUCCESS,),
    S.SUCCESS: (),
}
OPEN = (S.CREATED, S.STARTED, S.SUBMITTED)


def is_one_of(*states: State) -> ColumnElement[bool]:
    return col(Payment.state).in_([constant(state.value) for state in states])


def may_become(state: State) -> ColumnElement[bool]:
    return is_one_of(*(before for before, after in STATES.items() if state in after))
