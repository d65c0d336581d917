"""A customer reads with letters twice as large, on the narrowest phones."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.telephone import Telephone
from tests.browser import FLAGS

WIDTHS = (320, 360)
# The letters of the browser, in pixels, and the languages: with letters as they come, the one of the right and the longest one.
READERS = {16: ("he", "ru"), 32: ("he", "ar", "en", "ru")}
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


@pytest.fixture(scope="module")
def reader(request: pytest.FixtureRequest, launch_browser: Callable[..., Browser]) -> Iterator[Browser]:
    """Whose browser has letters of that many pixels; we take an eighth more."""
    browser = launch_browser(args=[*FLAGS, f"--blink-settings=defaultFontSize={request.param}"])
    yield browser
    browser.close()


@pytest.mark.parametrize(("reader", "language"), [(size, one) for size, some in READERS.items() for one in some], indirect=["reader"])
def test_every_page_and_its_menu_fit_the_narrowest_phones(reader, site, telephone, language):
    page = reader.new_page(base_url=site, is_mobile=True, has_touch=True, viewport={"width": 360, "height": 740})
    seen = outside(page, f"/?lang={language}") | outside(page, "/identify")
    log_in(page, telephone)
    for path in ("/actions/last-invoice", "/human", "/accessibility"):
        seen |= outside(page, path)
    assert seen == {}, seen
    page.close()


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
    page.get_by_test_id("submit").tap()
    page.get_by_test_id("code").fill(telephone.code())
    expect(page.get_by_test_id("view")).to_be_visible()
