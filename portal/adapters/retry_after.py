"""How long a peer asks not to be asked again (RFC 9110 10.2.3)."""

LONGEST_SECONDS = 3600.0
# For a date: our clock may not be theirs.
A_WHILE_SECONDS = 10.0


def seconds(said: str) -> float | None:
    """None where it says nothing."""
    if not said:
        return None
    return min(float(said), LONGEST_SECONDS) if said.isascii() and said.isdecimal() else A_WHILE_SECONDS
