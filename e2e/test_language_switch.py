"""A customer reads another language."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from e2e.pages import Home, Identify


def test_the_switch_keeps_the_page(visitor):
    Home.opened_by(visitor).choose("last-invoice")
    page = Identify(visitor)
    there = urlsplit(visitor.page.url)
    for language in ("ar", "en", "ru", "he"):
        page.switch_to(language)
        visitor.sees(visitor.page.locator(f"html[lang={language}]"))
        visitor.way = replace(visitor.way, language=language)
        Identify(visitor)
        assert urlsplit(visitor.page.url).path == there.path
        assert parse_qs(urlsplit(visitor.page.url).query)["next"] == parse_qs(there.query)["next"]
        Home.opened_by(visitor).choose("last-invoice")
        page = Identify(visitor)


def test_a_first_visit_is_in_hebrew_and_a_choice_is_kept(visitor):
    chosen = visitor.way
    visitor.page.context.clear_cookies()
    visitor.way = replace(chosen, language="he")
    Home.opened_by(visitor).switch_to(chosen.language)
    visitor.sees(visitor.page.locator(f"html[lang={chosen.language}]"))
    visitor.way = chosen
    Home.opened_by(visitor)


def test_the_other_pages_of_the_site(visitor):
    visitor.goes_to("/accessibility")
    visitor.arrives("accessibility", visitor.page.locator("h1"))
    visitor.goes_to("/no-such-page")
    visitor.arrives("not-found", "error")
