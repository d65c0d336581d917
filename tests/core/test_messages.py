"""What leaves by SMS and e-mail, as it is composed."""

import pytest

from portal.core.messages import one_line


@pytest.mark.parametrize("number", ["A\r\nBcc: x@example.com", "A\u202egpj", "A\0", "A\u2028B"])
def test_what_billing_calls_an_invoice_ends_no_header(number):
    said = one_line(number)
    assert said.isprintable()
    assert said.startswith("A")


def test_an_ordinary_number_is_left_alone():
    assert one_line("2026-11/42 א") == "2026-11/42 א"
