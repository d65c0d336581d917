"""Keys: what they derive, for what alone, and while they are turned over."""

import pytest

from portal.core.keys import Keys, fingerprint, name, token

OLD, NEW = "an old key of this test", "a new key of this test"


def test_an_empty_key_is_refused():
    for texts in ((), ("",), (OLD, ""), ("", NEW)):
        with pytest.raises(ValueError, match="empty key"):
            Keys.of(texts)


def test_a_code_is_six_digits_of_one_sending_of_one_challenge():
    keys = Keys.of((OLD,))
    codes = {keys.code(f"challenge{n}", sending) for n in range(50) for sending in (1, 2)}
    assert all(len(code) == 6 and code.isascii() and code.isdecimal() for code in codes)
    assert len(codes) > 95
    assert keys.code("challenge", 1) == keys.code("challenge", 1)


def test_codes_are_spread_over_all_digits():
    keys = Keys.of((OLD,))
    codes = [keys.code(f"c{n}", 1) for n in range(2_000)]
    for place in range(6):
        counts = [sum(code[place] == digit for code in codes) for digit in "0123456789"]
        assert 130 < min(counts) <= max(counts) < 280, place


def test_only_its_own_code_is_right():
    keys = Keys.of((OLD,))
    right = keys.code("a", 1)
    assert keys.code_is(right, "a", 1)
    for challenge, sending in (("a", 2), ("b", 1)):
        assert keys.code_is(right, challenge, sending) == (keys.code(challenge, sending) == right)
    assert not keys.code_is("".join(chr(0xFF10 + int(c)) for c in right), "a", 1), "full-width digits are not the code"


def test_what_the_old_key_made_is_good_until_it_is_retired():
    before, between, after = Keys.of((OLD,)), Keys.of((OLD, NEW)), Keys.of((NEW,))
    link, code = before.sign("link", "id"), before.code("a", 1)
    assert (between.unsign("link", link), after.unsign("link", link)) == ("id", None)
    assert (between.code_is(code, "a", 1), after.code_is(code, "a", 1)) == (True, False)
    assert after.unsign("link", between.sign("link", "id")) == "id", "the last key signs"


def test_a_token_opens_its_own_door_alone():
    keys = Keys.of((OLD,))
    assert keys.unsign("link", keys.sign("link", "id")) == "id"
    assert keys.unsign("link", keys.sign("visit", "id")) is None
    for broken in ("", ".", "a.b", "💩", "\0", keys.sign("link", "id")[:-2], keys.sign("link", "id") + "A"):
        assert keys.unsign("link", broken) is None


def test_a_pseudonym_outlives_a_rotation_and_says_nothing_of_its_value():
    before, between = Keys.of((OLD,)), Keys.of((OLD, NEW))
    assert before.pseudonym("guard", "+972502345678") == between.pseudonym("guard", "+972502345678")
    assert before.pseudonym("guard", "+972502345678") != before.pseudonym("id", "+972502345678")
    assert Keys.of((NEW,)).pseudonym("guard", "+972502345678") != before.pseudonym("guard", "+972502345678")
    assert "502345678" not in before.pseudonym("guard", "+972502345678")


def test_tokens_are_256_bits_and_their_fingerprint_another():
    assert len({token() for _n in range(100)}) == 100
    assert all(len(token()) == 43 for _n in range(20))
    assert len(name()) == 16
    assert fingerprint("a") != fingerprint("b")
    assert len(fingerprint("a")) == 64
