"""A customer says who they are, and sometimes gets it wrong."""

import pytest
from playwright.sync_api import expect

from e2e.pages import Code, Home, Identify, Invoice, OnFile, identified
from e2e.telephone import later


@pytest.fixture
def identify(visitor):
    visitor.goes_to("/identify?next=/actions/last-invoice")
    return Identify(visitor)


WRITTEN = {
    "dashes": lambda number: f"{number[:3]}-{number[3:6]}-{number[6:]}",
    "international": lambda number: f"+972 {number[1:3]} {number[3:6]} {number[6:]}",
    "arabic-indic": lambda number: number.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
}


# That each way of writing is read, the unit tests ask; here, that none is in the form's way.
@pytest.mark.parametrize(
    "written", [pytest.param(way, id=name, marks=[] if name == "arabic-indic" else pytest.mark.long) for name, way in WRITTEN.items()]
)
def test_a_number_is_taken_however_it_is_written(visitor, identify, telephone, written):
    identify.by_phone(written(telephone.as_typed))
    Code(visitor).arrives_on(telephone)
    Invoice(visitor)


def test_a_slow_answer_is_not_sent_twice_while_the_page_asks_where_the_sms_is(scripts, visitor, identify, telephone):
    page, held = visitor.page, []
    page.clock.install()
    identify.by_phone(telephone.as_typed)
    code = Code(visitor)
    page.route("**/identify/code", lambda route, _request: held.append(route))
    code.arrives_on(telephone)
    for _poll in range(2):  # when the second is answered, the first has ended
        with page.expect_response("**/identify/delivery?poll=1"):
            page.clock.fast_forward(4000)
    expect(page.get_by_test_id("submit")).to_have_attribute("aria-disabled", "true")
    assert len(held) == 1
    held[0].continue_()
    Invoice(visitor)


@pytest.mark.usefixtures("sandbox")
def test_a_code_that_is_sent_again_is_seen_and_heard(visitor, way, identify, telephone, site):
    page = visitor.page
    page.clock.install()
    identify.by_phone(telephone.as_typed)
    Code(visitor)
    visitor.taps_on(page.locator("details.more > summary"))
    later(site, 61)
    page.clock.fast_forward(61_000)
    visitor.taps_on("resend")
    visitor.arrives("code-sent-again", "resent")
    if way.javascript:
        expect(page.locator("#said")).to_contain_text(visitor.reads("resent"))


def test_a_number_that_gets_no_sms_is_said_so_and_kept(visitor, identify):
    for wrong in ("03-612-3456", "123", "+1 202 555 0143"):
        identify.by_phone(wrong)
        visitor.sees(visitor.page.locator(f"[data-testid=phone][value='{wrong}']"))
        identify = Identify(visitor)
        assert identify.error


def test_an_unknown_number_sees_the_same_page_and_gets_nothing_until_it_is_mended(visitor, identify, telephone):
    identify.by_phone("0507654321")
    code = Code(visitor)
    visitor.sees(visitor.page.locator("#delivery").get_by_text("050-765-4321"))
    heading = code.heading
    code.type("123456")
    visitor.sees("error")
    again = Code(visitor)
    assert again.heading == heading
    assert again.error
    again.mend()
    mended = Identify(visitor)
    assert mended.number == "050-765-4321"
    mended.by_phone(telephone.as_typed)
    Code(visitor).arrives_on(telephone)
    Invoice(visitor)


def test_a_wrong_code_is_said_so_and_the_right_one_still_works(visitor, way, identify, telephone):
    identify.by_phone(telephone.as_typed)
    right = telephone.code()
    Code(visitor).type("000000" if right != "000000" else "111111")
    visitor.sees("error")
    again = Code(visitor)
    assert again.error
    if way.javascript:  # it has the focus, so it is heard: once
        expect(visitor.at("error")).to_be_focused()
        expect(visitor.page.locator("#said")).to_be_empty()
    again.type(right)
    Invoice(visitor)


def test_five_wrong_codes_lead_to_a_new_one(visitor, identify, telephone):
    identify.by_phone(telephone.as_typed)
    Code(visitor)
    right = telephone.code()
    wrong = "000000" if right != "000000" else "111111"
    for _n in range(4):
        visitor.sends("/identify/code", code=wrong, next="/")
    Code(visitor).type(wrong)
    visitor.arrives("code-over", "start-again")
    assert not visitor.has("resend")
    visitor.taps_on("start-again")
    Identify(visitor).by_phone(telephone.as_typed)
    Code(visitor).arrives_on(telephone)
    Invoice(visitor)


@pytest.mark.parametrize("wrong", ["12", "abcdef"])
def test_a_code_that_is_none_is_said_so(visitor, identify, telephone, wrong):
    identify.by_phone(telephone.as_typed)
    telephone.code()
    page = Code(visitor)
    visitor.types("code", wrong)
    visitor.taps_on("submit")
    visitor.sees("error")
    assert Code(visitor).heading == page.heading


def test_an_id_number_with_a_wrong_digit_is_said_so(visitor, identify):
    identify.by_id_number("000000019")
    visitor.sees("error")
    assert Identify(visitor).error


def test_an_unknown_id_number_sees_the_same_page(visitor, identify, id_number):
    identify.by_id_number(id_number)
    known = OnFile(visitor).heading
    visitor.begins_anew()
    visitor.goes_to("/identify?next=/actions/last-invoice")
    Identify(visitor).by_id_number("123456782")
    assert OnFile(visitor).heading == known


def test_leaving_ends_the_visit(visitor, telephone):
    identified(visitor, telephone, "last-invoice")
    Invoice(visitor)
    visitor.taps_on("leave")
    Home(visitor)
    visitor.goes_to("/actions/last-invoice")
    Identify(visitor)
