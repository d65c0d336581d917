"""A customer reads another language."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from e2e.pages import Home, Human, Identify


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


def test_the_switch_keeps_what_was_typed_but_no_id_number(scripts, visitor):
    visitor.goes_to("/human")
    page = Human(visitor)
    visitor.types("phone", "03-612-3456")
    visitor.at("topic").select_option("fault")
    page.switch_to("en")
    visitor.sees(visitor.page.locator("html[lang=en]"))
    expect(visitor.at("phone")).to_have_value("03-612-3456")
    assert visitor.at("topic").input_value() == "fault"
    visitor.page.reload()
    assert visitor.at("phone").input_value() == "", "carried once"
    visitor.goes_to("/identify")
    visitor.types("phone", "050")
    visitor.taps_on(visitor.page.locator("details.more > summary"))
    visitor.types("id-number", "000000018")
    page.switch_to("he")
    visitor.sees(visitor.page.locator("html[lang=he]"))
    expect(visitor.at("phone")).to_have_value("050")
    assert visitor.at("id-number").input_value() == ""


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
