"""A customer reads another language."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from e2e.pages import Home, Identify


@pytest.mark.detail
@pytest.mark.parametrize("language", ["he", "ar", "en", "ru"])
def test_the_switch_keeps_the_page(visitor, language):
    Home.opened_by(visitor).choose("last-invoice")
    before = Identify(visitor)
    there = urlsplit(visitor.page.url)
    before.switch_to(language)
    visitor.sees(visitor.page.locator(f"html[lang={language}]"))
    visitor.way = replace(visitor.way, language=language)
    Identify(visitor)
    assert urlsplit(visitor.page.url).path == there.path
    assert parse_qs(urlsplit(visitor.page.url).query)["next"] == parse_qs(there.query)["next"]
    visitor.goes_to("/")
    Home(visitor)


def test_the_first_page_is_in_the_phones_language(visitor):
    Home.opened_by(visitor)
    assert visitor.page.locator("html").get_attribute("lang") == visitor.way.language


@pytest.mark.detail
def test_the_other_pages_of_the_site(visitor):
    visitor.goes_to("/accessibility")
    visitor.arrives("accessibility", visitor.page.locator("h1"))
    visitor.goes_to("/no-such-page")
    visitor.arrives("not-found", "error")
