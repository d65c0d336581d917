"""A customer reads with letters twice as large, on the narrowest phones."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.telephone import Telephone
from e2e.visitor import TOO_MANY
from tests.browser import FLAGS

WIDTHS = (320, 360)
# The letters of the browser, in pixels, and the languages: those from the right, and the longest one. The rest in `make test-long`.
READERS = [(32, "he"), (32, "ru")]
MORE_READERS = [(16, "he"), (16, "ru"), (20, "ru"), (32, "ar"), (32, "en")]
# Of telephones upright and on their side; the last is what a keyboard leaves.
SCREENS = ((360, 740), (320, 640), (740, 360), (640, 320), (360, 420))
# Of the screen's height, what the bar may take from the page.
SHARE = 0.2
# How much of the screen the human bar takes wherever the page is scrolled to.
TAKEN = """bar => getComputedStyle(bar).position === "fixed" ? bar.offsetHeight / innerHeight : 0"""
# Where the words of an element begin, and how far from what is above them, in CSS pixels.
FIRST_LINE = (
    "element => { const words = document.createRange(); words.selectNodeContents(element); return words.getBoundingClientRect().top }"
)
ROOM = 6
UNCOVERED = """link => {
  const { left, bottom } = link.getBoundingClientRect()
  return link.contains(document.elementFromPoint(left + 9, bottom - 9))
}"""
# What a person cannot get at: in a right-to-left page nothing scrolls to what stands beyond the right edge.
OUTSIDE = """() => {
  const wide = document.documentElement.clientWidth, outside = []
  for (const one of document.querySelectorAll("body *:not(svg *):not(.unseen)")) {
    const { left, right, width } = one.getBoundingClientRect()
    if (width && (left < -1 || right > wide + 1)) outside.push(`${one.tagName} ${left} to ${right}: ${one.textContent.trim().slice(0, 30)}`)
  }
  const sideways = document.documentElement.scrollWidth - wide
  return sideways > 0 ? [`scrolls sideways by ${sideways}`, ...outside] : outside
}"""

# How much wider what was typed is than its field.
BEYOND = "field => { field.value = '888888'; return field.scrollWidth - field.clientWidth }"
# Of a list, the words that its closed field has no room for.
CUT = """list => [...list.options].filter(option => {
  option.selected = true
  const style = getComputedStyle(list), within = side => parseFloat(style["padding" + side])
  const pen = document.createElement("canvas").getContext("2d")
  pen.font = style.font
  const lines = Math.round((list.clientHeight - within("Top") - within("Bottom")) / parseFloat(style.lineHeight))
  return pen.measureText(option.text).width > lines * (list.clientWidth - within("Left") - within("Right"))
}).map(option => option.text)"""

in_every_size = pytest.mark.parametrize(
    ("reader", "language"), [*READERS, *(pytest.param(*one, marks=pytest.mark.long) for one in MORE_READERS)], indirect=["reader"]
)


@pytest.fixture(scope="module")
def reader(request: pytest.FixtureRequest, launch_browser: Callable[..., Browser]) -> Iterator[Browser]:
    """Whose browser has letters of that many pixels; we take an eighth more."""
    browser = launch_browser(args=[*FLAGS, f"--blink-settings=defaultFontSize={request.param}"])
    yield browser
    browser.close()


@in_every_size
def test_every_page_and_its_menu_fit_the_narrowest_phones(reader, site, telephone, language):
    page = reader.new_page(base_url=site, is_mobile=True, has_touch=True, viewport={"width": 360, "height": 740})
    seen = outside(page, f"/?lang={language}") | outside(page, "/identify")
    log_in(page, telephone)
    for path in ("/actions/last-invoice", "/human", "/accessibility"):
        seen |= outside(page, path)
    assert seen == {}, seen
    page.close()


@in_every_size
def test_the_six_digits_of_a_code_are_all_seen(reader, site, telephone, language):
    page = reader.new_page(base_url=site, is_mobile=True, has_touch=True, viewport={"width": 320, "height": 640})
    page.goto(f"/identify?lang={language}")
    page.get_by_test_id("phone").fill(telephone.as_typed)
    page.get_by_test_id("submit").tap()
    assert page.get_by_test_id("code").evaluate(BEYOND) <= 0
    page.close()


@pytest.mark.parametrize(("reader", "language"), [(32, "en"), pytest.param(32, "he", marks=pytest.mark.long)], indirect=["reader"])
def test_the_warning_that_a_visit_ends_fits(reader, site, telephone, language):
    page = reader.new_page(base_url=site, is_mobile=True, has_touch=True, viewport={"width": 320, "height": 640})
    page.goto(f"/?lang={language}")
    log_in(page, telephone)
    page.locator("#expiry").evaluate("warning => { warning.hidden = false }")
    expect(page.get_by_test_id("stay")).to_be_visible()
    assert page.evaluate(OUTSIDE) == []
    page.close()


@in_every_size
def test_a_closed_list_shows_all_of_what_is_chosen(reader, site, language):
    page = reader.new_page(base_url=site, is_mobile=True, has_touch=True, viewport={"width": 320, "height": 640})
    page.goto(f"/human?lang={language}")
    assert [cut for testid in ("topic", "when") for cut in page.get_by_test_id(testid).evaluate(CUT)] == []
    page.close()


@in_every_size
def test_the_human_bar_leaves_the_page_to_be_read_to_its_end(reader, site, language):
    page = reader.new_page(base_url=site, is_mobile=True, has_touch=True)
    page.goto(f"/?lang={language}")
    taken = {screen: bar_on(page, *screen) for screen in SCREENS}
    assert {screen: share for screen, share in taken.items() if share > SHARE} == {}, taken
    page.close()


@pytest.mark.parametrize(("reader", "language"), [(20, "ru")], indirect=["reader"])
def test_a_greeting_of_two_lines_has_room_and_leaving_stays_beside_it(reader, site, telephone, language):
    page = reader.new_page(base_url=site, is_mobile=True, has_touch=True, viewport={"width": 320, "height": 640})
    page.goto(f"/?lang={language}")
    log_in(page, telephone)
    around, greeting, leave = (page.locator(place).bounding_box() for place in (".visit", ".visit p", "[data-testid=leave]"))
    assert around and greeting and leave
    words = page.locator(".visit p").evaluate(FIRST_LINE)
    assert words - around["y"] >= ROOM
    assert leave["y"] < greeting["y"] + greeting["height"]
    page.close()


def bar_on(page: Page, width: int, height: int) -> float:
    """The bar's share of that screen, once the last link of the page was seen above it: scrolled to, and reached by keyboard."""
    page.set_viewport_size({"width": width, "height": height})
    person, last = page.get_by_test_id("human").locator("summary"), page.locator("footer a")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert last.evaluate(UNCOVERED), f"{width}x{height}: the end of the page is behind the bar"
    person.focus()
    page.keyboard.press("Shift+Tab")
    expect(last).to_be_focused()
    assert last.evaluate(UNCOVERED), f"{width}x{height}: the link in focus is behind the bar"
    return float(page.locator(".human").evaluate(TAKEN))


def outside(page: Page, path: str) -> dict[tuple[str, int], list[str]]:
    """What is outside by the width of the window; empty where all is within."""
    page.goto(path)
    page.locator(".languages summary").tap()
    expect(page.locator(".languages a[hreflang=ru]")).to_be_visible()
    seen = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        seen[path, width] = page.evaluate(OUTSIDE)
    return {where: found for where, found in seen.items() if found}


def log_in(page: Page, telephone: Telephone) -> None:
    page.goto("/identify?next=/actions/last-invoice")
    page.get_by_test_id("phone").fill(telephone.as_typed)
    with page.expect_response("**/identify/phone") as asked:
        page.get_by_test_id("submit").tap()
    if asked.value.status == TOO_MANY:
        telephone.gets_no_more_codes("it has been asked for too many")
    page.get_by_test_id("code").fill(telephone.code())
    expect(page.get_by_test_id("view")).to_be_visible()
