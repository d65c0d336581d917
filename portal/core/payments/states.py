"""The states of a payment, in one table: what each may become, and which page the customer may be shown in it.

A state is left only for one further down the table, so notices that come in any order end in the same state. Money that
was taken outweighs all else: whatever we thought, a payment may still turn out a success, and is never anything else after.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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


class Page(StrEnum):
    PROVIDER = "provider"  # on with it, at the provider
    WAITING = "waiting"  # we are waiting for the bank
    AGAIN = "again"  # no money was taken: pay again
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class Rule:
    page: Page
    may_become: tuple[State, ...]


S = State
STATES: Mapping[State, Rule] = {
    S.CREATED: Rule(Page.PROVIDER, (S.STARTED, S.SUBMITTED, S.ERROR, S.CANCELLED, S.FAILED, S.SUCCESS)),
    S.STARTED: Rule(Page.PROVIDER, (S.SUBMITTED, S.ERROR, S.CANCELLED, S.FAILED, S.SUCCESS)),
    S.SUBMITTED: Rule(Page.WAITING, (S.ERROR, S.CANCELLED, S.FAILED, S.SUCCESS)),
    S.ERROR: Rule(Page.AGAIN, (S.CANCELLED, S.FAILED, S.SUCCESS)),
    S.CANCELLED: Rule(Page.AGAIN, (S.FAILED, S.SUCCESS)),
    S.FAILED: Rule(Page.AGAIN, (S.SUCCESS,)),
    S.SUCCESS: Rule(Page.RECEIPT, ()),
}
OPEN = (S.CREATED, S.STARTED, S.SUBMITTED)


def page(state: State) -> Page:
    return STATES[state].page


def is_one_of(*states: State) -> ColumnElement[bool]:
    return col(Payment.state).in_([constant(state.value) for state in states])


def may_become(state: State) -> ColumnElement[bool]:
    return is_one_of(*(before for before, rule in STATES.items() if state in rule.may_become))
