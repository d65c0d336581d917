"""What can be refused or go wrong. A refusal has a stable id and a sentence for the person who is refused."""

from portal.core.languages import Text


class Refused(Exception):
    """Not done, and nothing changed: `text` says what to do instead; `field` is the input it is about."""

    def __init__(self, id: str, text: Text, field: str = "", status: int = 422) -> None:
        super().__init__(id)
        self.id, self.text, self.field, self.status = id, text, field, status


class Guess(Refused):
    """What was typed is not what we know. Counted where only an ID number is proved: guessing must not find it out.
    Who raises it is among the GUESSED of its action."""


class Unavailable(Exception):
    """The database, or somebody we depend on, does not answer now. Nothing is half done."""


class BillsUnseen(Unavailable):
    """The company's billing does not answer now, or not with sense. `retry_after`: seconds, where it said so."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class VendorError(Exception):
    """A vendor did not do it."""


class TryAgain(VendorError):
    """It may work later: after `retry_after` seconds where the vendor said so."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Permanent(VendorError):
    """It will never work: a wrong number, a blocked recipient."""


class BadNotice(Exception):
    """A notice whose signature, age or content is not the provider's: nothing was read from it."""


class NotFound(Exception):
    """No such thing, or somebody else's: the two look the same (promise 37)."""


class ProofNeeded(Exception):
    """The customer must show more before this."""


class Unexpected(Exception):
    """A form with fields that nobody asked for, or twice the same: not a browser's (promise 39)."""
