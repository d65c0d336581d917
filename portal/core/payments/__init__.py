"""Payments: opened, heard of, settled once. A page never marks one paid; only the provider's verified word does."""

from portal.core.payments.asking import Undecided, ask_about, ask_now, close
from portal.core.payments.hearing import Outcome, hear, paid
from portal.core.payments.opening import AnotherOpen, Changed, Pressed, gave_up, open_payment, started
from portal.core.payments.owing import asked
from portal.core.payments.returning import give_back, look_back, look_into
from portal.core.payments.rows import Known, find, latest, show
from portal.core.payments.states import OPEN, STATES, State

__all__ = [
    "OPEN", "STATES", "AnotherOpen", "Changed", "Known", "Outcome", "Pressed", "State", "Undecided",
    "ask_about", "ask_now", "asked", "close", "find", "gave_up", "give_back", "hear", "latest", "look_back", "look_into",
    "open_payment", "paid", "show", "started",
]  # fmt: skip
