"""Keys: what they derive, for what alone, and while they are turned over."""

import pytest

from portal.core.keys import Keys, Retired, fingerprint, name, token

OLD, NEW = "an old key of this test", "a new key of this test"


def test_an_empty_key_is_refused():
    for texts in ((), ("",), (OLD, ""), ("", NEW)):
        with pytest.raises(ValueError, match="empty key"):
            Keys.of(texts)


def test_a_code_is_six_digits_of_one_sending_of_one_challenge():
    keys = Keys.of((OLD,))
    challenge = keys.name()
    codes = {keys.code(keys.name(), sending) for n in range(50) for sending in (1, 2)}
    assert all(len(code) == 6 and code.isascii() and code.isdecimal() for code in codes)
    assert len(codes) > 95
    assert keys.code(challenge, 1) == keys.code(challenge, 1)


def test_codes_are_spread_over_all_digits():
    keys = Keys.of((OLD,))
    codes = [keys.code(keys.name(), 1) for n in range(2_000)]
    for place in range(6):
        counts = [sum(code[place] == digit for code in codes) for digit in "0123456789"]
        assert 130 < min(counts) <= max(counts) < 280, place


def test_only_its_own_code_is_right():
    keys = Keys.of((OLD,))
    a, b = keys.name(), keys.name()
    right = keys.code(a, 1)
    assert keys.code_is(right, a, 1)
    for challenge, sending in ((a, 2), (b, 1)):
        assert keys.code_is(right, challenge, sending) == (keys.code(challenge, sending) == right)
    assert not keys.code_is("".join(chr(0xFF10 + int(c)) for c in right), a, 1), "full-width digits are not the code"


def test_a_challenge_has_one_code_whichever_key_a_process_signs_with():
    ring = [Keys.of(texts) for texts in ((OLD,), (NEW, OLD), (OLD, NEW), (NEW,))]
    by_old, by_new = ring[0].name(), ring[2].name()
    assert [keys.code_is(ring[0].code(by_old, 1), by_old, 1) for keys in ring] == [True, True, True, False]
    assert [keys.code_is(ring[2].code(by_new, 1), by_new, 1) for keys in ring] == [False, True, True, True]
    assert len({keys.code(by_old, 1) for keys in ring[:3]} | {keys.code(by_new, 1) for keys in ring[1:]}) == 2
    with pytest.raises(Retired):
        ring[3].code(by_old, 1)


def test_what_the_old_key_made_is_good_until_it_is_retired():
    before, between, after = Keys.of((OLD,)), Keys.of((OLD, NEW)), Keys.of((NEW,))
    link = before.sign("link", "id")
    assert (between.unsign("link", link), after.unsign("link", link)) == ("id", None)
    assert after.unsign("link", between.sign("link", "id")) == "id", "the last key signs"


def test_a_token_opens_its_own_door_alone():
    keys = Keys.of((OLD,))
    assert keys.unsign("link", keys.sign("link", "id")) == "id"
    assert keys.unsign("link", keys.sign("visit", "id")) is None
    for broken in ("", ".", "a.b", "💩", "\0", keys.sign("link", "id")[:-2], keys.sign("link", "id") + "A"):
        assert keys.unsign("link", broken) is None


def test_a_pseudonym_changes_only_with_the_key_that_signs_and_says_nothing_of_its_value():
    before, known, signs, after = (Keys.of(texts).pseudonym("guard", "+972502345678") for texts in ((OLD,), (NEW, OLD), (OLD, NEW), (NEW,)))
    assert before == known
    assert signs == after != before
    assert before != Keys.of((OLD,)).pseudonym("id", "+972502345678")
    assert "502345678" not in before


def test_tokens_are_256_bits_and_their_fingerprint_another():
    assert len({token() for _n in range(100)}) == 100
    assert all(len(token()) == 43 for _n in range(20))
    assert len(name()) == 16
    assert fingerprint("a") != fingerprint("b")
    assert len(fingerprint("a")) == 64
