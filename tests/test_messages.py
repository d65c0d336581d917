"""Every sentence in every language."""

import re

import pytest

from tests import messages

TRANSLATED = ("he", "ar", "ru")
# Words for what another word stands for everywhere else; in Hebrew, a hyphen where a prefix takes a maqaf.
OTHER_WORDS = {"he": r"[א-ת]-[A-Za-z{\d]", "ar": "جوال|موبايل", "ru": "сотрудник|удостоверени"}
PLACES = re.compile(r"\{(\w*)\}")


@pytest.fixture(scope="module")
def said():
    return messages.template()


def test_sentences_are_found_in_the_code_and_in_the_pages(said):
    places = {location.split("/")[0] for message in said if message.id for location, _ in message.locations}
    assert places == {"portal", "templates"}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(said, language):
    known = messages.catalogue(language)
    missing = [message.id for message in said if message.id and not _translated(known.get(message.id))]
    assert missing == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_one_thing_has_one_name(language):
    other = re.compile(OTHER_WORDS[language])
    assert [said for message in messages.catalogue(language) if message.id for said in _strings(message) if other.search(said)] == []


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_translation_is_a_guess(language):
    assert [message.id for message in messages.catalogue(language) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_translation_fills_the_places_of_its_sentence(language):
    wrong = [
        (message.id, string)
        for message in messages.catalogue(language)
        if message.id
        for string in _strings(message)
        if string and not _same_places(message, string)
    ]
    assert wrong == []


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_catalogue_keeps_a_sentence_that_nobody_says(said, language):
    assert [message.id for message in messages.catalogue(language) if message.id and said.get(message.id) is None] == []


def _translated(message):
    return message is not None and all(string.strip() for string in _strings(message))


def _strings(message):
    return message.string if isinstance(message.string, list | tuple) else (message.string,)


def _same_places(message, string):
    """A plural form may leave the number out ("one invoice"); nothing else may be lost, and nothing invented."""
    ids = message.id if isinstance(message.id, list | tuple) else (message.id,)
    wanted = {place for sentence in ids for place in PLACES.findall(sentence)}
    found = set(PLACES.findall(string))
    return found == wanted or (message.pluralizable and wanted - found == {"n"} and found < wanted)
