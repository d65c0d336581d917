"""A customer would rather talk to a person."""

import re

from e2e.pages import Home, Human, Identify, Outcome


def test_the_ways_are_one_tap_away_on_the_home_page_and_while_identifying(visitor):
    home = Home.opened_by(visitor)
    there = home.ways_to_a_person()
    assert "human-call" in there
    assert "human-callback" in there
    visitor.goes_to("/")
    Home(visitor).choose("last-invoice")
    assert Identify(visitor).ways_to_a_person() == there


def test_a_call_starts_with_a_telephone_link(visitor):
    Home.opened_by(visitor).ways_to_a_person()
    assert re.fullmatch(r"tel:\+\d{8,15}", visitor.sees("human-call").get_attribute("href"))


def test_asked_to_be_called(visitor):
    Home.opened_by(visitor).ways_to_a_person()
    visitor.taps_on("human-callback")
    Human(visitor).call_me("050-345-6789")
    Outcome(visitor)
    reference = visitor.reads("reference")
    assert reference
    visitor.page.reload()
    Outcome(visitor)
    assert visitor.reads("reference") == reference


def test_a_number_that_cannot_be_called_is_said_so_and_the_form_is_kept(visitor):
    visitor.goes_to("/human")
    Human(visitor).call_me("12", topic="fault")
    visitor.sees("error")
    human = Human(visitor)
    assert human.error
    assert visitor.at("phone").input_value() == "12"
    assert visitor.at("topic").input_value() == "fault"
