"""Payments: opened, heard of, settled once. A page never marks one paid; only the provider's verified word does."""

from portal.core.payments.asking import ask_about, close
from portal.core.payments.hearing import Outcome, hear, paid
from portal.core.payments.opening import AnotherOpen, Changed, gave_up, open_payment, started
from portal.core.payments.rows import Known, find, latest
from portal.core.payments.states import OPEN, STATES, Page, State, page

__all__ = [
    "OPEN", "STATES", "AnotherOpen", "Changed", "Known", "Outcome", "Page", "State",
    "ask_about", "close", "find", "gave_up", "hear", "latest", "open_payment", "page", "paid", "started",
]  # fmt: skip
