"""How long a peer wants to be left alone, however it says so."""

import pytest

from portal.adapters import retry_after


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("", None), ("0", 0), ("7", 7), ("9" * 400, 3600), ("Wed, 21 Oct 2026 07:28:00 GMT", 10), ("-1", 10), ("1.5", 10), ("٧", 10)],
)
def test_it_is_read_as_seconds_and_a_date_as_a_while(said, seconds):
    assert retry_after.seconds(said) == seconds
