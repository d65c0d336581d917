"""What somebody else wrote, inside our sentences: a name in another script stays in its own order (UAX #9)."""

import pytest

from portal.core.languages import Language, _, verbatim

ROUTER = "נתב Wi-Fi 6"


@pytest.mark.parametrize("language", Language)
def test_what_is_written_from_right_to_left_is_isolated_in_every_language(language):
    assert verbatim(ROUTER).say(language) == f"\u2068{ROUTER}\u2069"
    assert f"\u2068{ROUTER}\u2069" in _("Hello, {name}", name=ROUTER).say(language)


@pytest.mark.parametrize("name", ["Daniel Cohen", "Ирина Волкова", "Up to ₪30"])
def test_what_reads_as_the_sentence_does_needs_no_isolating(name):
    assert verbatim(name).say(Language.EN) == verbatim(name).say(Language.RU) == name
