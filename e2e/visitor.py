"""A person at a phone: taps, types, and looks. Every page they come to is checked; taps and typed characters are counted."""

import re
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

from e2e import axe
from e2e.devices import Way
from e2e.telephone import Telephone

# The browser's note on the status of a page: that is looked at where it matters.
STATUS = re.compile(r"^Failed to load resource: the server responded with a status of (\d\d\d)")
PAGES = ("document", "fetch", "xhr")

ASKING = ("/identify/phone", "/identify/step-up")
TOO_MANY = 429

# What differs between two visits of the same page: numbers, tokens, what was typed, and htmx's mark on what it has seen.
VARIES = re.compile(r"\d+|[\w-]{20,}|value=\"[^\"]*\"| data-htmx-powered=\"true\"")


class Visitor:
    def __init__(
        self, page: Page, way: Way, checker: Page, looked_over: Path, screenshots: Path | None = None, telephone: Telephone | None = None
    ) -> None:
        """`checker`: a window with scripts, for axe. `looked_over`: a folder of what axe said of pages, for this visitor and others."""
        self.page, self.way, self.telephone = page, way, telephone
        self._checker, self._looked_over, self._screenshots = checker, looked_over, screenshots
        self.taps = self.typed = self.pages = 0
        self.complaints: list[str] = []
        self.refused_a_code = False
        self.foretold: int | None = None  # the status of a failure that the story is about
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("response", self._response)
        page.on("requestfailed", self._failed)

    # --- what a person does ---

    def goes_to(self, path: str) -> None:
        self.page.goto(path)

    def begins_anew(self) -> None:
        """As on a phone that was never here; who reads another language than Hebrew has chosen it once."""
        self.page.context.clear_cookies()
        if self.way.language != "he":
            self.page.request.get(f"/accessibility?lang={self.way.language}")

    def sends(self, form: str, **fields: str) -> int:
        """A form of the site's, from this browser but from no page: what leads to a story and is none of it. The answer's status."""
        return self.page.request.post(form, form=dict(fields), headers={"Sec-Fetch-Site": "same-origin"}, max_redirects=0).status

    def taps_on(self, what: str | Locator) -> None:
        """By its data-testid, or a locator."""
        self.taps += 1
        self.sees(what).tap()

    def types(self, testid: str, text: str) -> None:
        self.typed += len(text)
        self.sees(testid).fill(text)

    def gets_filled_in(self, testid: str, text: str) -> None:
        """What the phone fills in by itself, a code from an SMS: nobody types it."""
        self.sees(testid).fill(text)

    # --- what a person sees ---

    def sees(self, what: str | Locator) -> Locator:
        there = self.at(what)
        expect(there).to_be_visible()
        return there

    def reads(self, testid: str) -> str:
        return " ".join(self.sees(testid).inner_text().split())

    def has(self, testid: str) -> bool:
        return self.at(testid).count() > 0

    def at(self, what: str | Locator) -> Locator:
        return self.page.get_by_test_id(what) if isinstance(what, str) else what

    def arrives(self, name: str, sign: str | Locator) -> None:
        """The page called `name` is there when its `sign` is; then it is looked over."""
        self.sees(sign)
        self.pages += 1
        self._take_picture(name)
        self.looks_over(name)

    def waits_for_a_code(self) -> None:
        """For its page, or for the sentence that the site sends no more."""
        self.sees(self.at("code").or_(self.at("error")).first)
        if self.refused_a_code and self.telephone:
            self.telephone.gets_no_more_codes(self.reads("error"))

    # --- what is checked on every page ---

    def looks_over(self, name: str) -> None:
        document = self.page.locator("html")
        assert document.get_attribute("lang") == self.way.language, f"{name} is in {document.get_attribute('lang')}"
        assert document.get_attribute("dir") == ("rtl" if self.way.language in ("he", "ar") else "ltr"), name
        wide = (
            self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") if self.way.javascript else 0
        )
        assert wide <= 0, f"{name} scrolls sideways by {wide} px on {self.way.device}"
        self._is_accessible(name)
        assert self.complaints == [], f"{name} ({self.page.url}):\n" + "\n".join(self.complaints)

    def _is_accessible(self, name: str) -> None:
        """Each page once in each language, whatever numbers and names are on it. That it fits is asked on every phone."""
        content = re.sub(r"<script\b.*?</script>", "", self.page.content(), flags=re.DOTALL)
        found = self._looked_over / sha256(VARIES.sub("", content).encode()).hexdigest()
        if not found.exists():
            found.write_text("\n".join(self._violations(content)))
        assert found.read_text() == "", f"{name} ({self.page.url}):\n{found.read_text()}"

    def _violations(self, content: str) -> list[str]:
        """axe needs scripts, which the visitor may not have: it looks at the same page in another window. The window is as
        tall as the page, so that the bar that stays at the bottom covers nothing that a person would scroll to."""
        window = self.way.context["viewport"]
        self._checker.set_viewport_size(window)
        self._checker.set_content(content)
        tall = self._checker.evaluate("document.documentElement.scrollHeight") + 200
        self._checker.set_viewport_size(window | {"height": tall})
        return axe.violations(self._checker)

    def _take_picture(self, name: str) -> None:
        if self._screenshots:
            self._screenshots.mkdir(parents=True, exist_ok=True)
            picture = self._screenshots / f"{name}-{self.way}.png"
            self.page.screenshot(path=picture, full_page=True, caret="initial")  # to hide it takes a style that our policy refuses

    # --- what nobody should have to complain about ---

    def _console(self, message: ConsoleMessage) -> None:
        note = STATUS.match(message.text)
        if message.type == "error" and not (note and (int(note[1]) < 500 or int(note[1]) == self.foretold)):
            self.complaints.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.request.method == "POST" and urlsplit(response.url).path in ASKING:
            self.refused_a_code = response.status == TOO_MANY
        if response.status == self.foretold:
            return
        if response.status >= 500 or (response.status >= 400 and response.request.resource_type not in PAGES):
            self.complaints.append(f"{response.status} {response.request.method} {response.url}")

    def _failed(self, request: Request) -> None:
        # A poll that the next page cuts short, a document that is saved instead of shown: no fault.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.failure} {request.url}")
