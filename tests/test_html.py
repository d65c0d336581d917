"""The page check is worth something only if it fails where it should."""

import base64
import hashlib

import pytest

from tests.html import header_problems, problems

STYLE = "p{margin:0}"
HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{HASH}'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
PAGE = f"""<!doctype html>
<html lang="en" dir="ltr"><head><title>Identify</title><meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>
<body><a href="#main">Skip</a><main id="main"><h1>Who are you?</h1>
<form method="post"><label for="phone">Mobile</label><input id="phone" name="phone" data-testid="phone">
<button data-testid="submit">Go on</button></form>
</main><a href="/human" data-testid="human">Talk to a person</a></body></html>"""


def test_a_good_page_has_no_problem():
    assert problems(HEADERS, PAGE) == []


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ('<label for="phone">Mobile</label>', "", "has no label"),
        ('<label for="phone">Mobile</label>', '<label for="phone"></label>', "has no label"),
        ('for="phone"', 'for="fone"', "names nothing"),
        ('id="phone" name', "name", "has no id"),
        ('data-testid="phone"', "", "has no data-testid"),
        ('<button data-testid="submit">', "<button>", "has no data-testid"),
        (">Go on<", "><", "says nothing"),
        ('<main id="main">', '<main id="main"><p id="phone">', "is there 2 times"),
        ("</main>", "</div></main>", "end-tag"),
        ("<h1>Who are you?</h1>", "<p>Who are you?</p>", "0 of //h1"),
        ('dir="ltr"', 'dir="rtl"', "<html lang"),
        ('lang="en"', 'lang="iw"', "<html lang"),
        ("<title>Identify</title>", "<title></title>", "no title"),
        ('data-testid="human"', 'data-testid="robot"', "no way to a person"),
        ("<main ", '<main style="color:red" ', "<main style="),
        ("<main ", '<main onclick="x()" ', "<main onclick="),
        ("<main ", '<main hx-on:click="x()" ', "<main hx-on"),
        ("<main ", '<main hx-vals="js:{a:1}" ', "needs eval"),
        ("<main ", '<main hx-trigger="click[ctrlKey]" ', "needs eval"),
        ("</body>", "<script>1</script></body>", "inline script"),
        (STYLE, STYLE + " ", "does not allow by its hash"),
        ("Who are you?", "Hello {name}", "unfilled {name}"),
        ("</main>", '<img src="/logo.svg"></main>', "has no alt"),
    ],
)
def test_a_fault_is_named(good, bad, said):
    assert good in PAGE
    assert any(said in problem for problem in problems(HEADERS, PAGE.replace(good, bad, 1)))


def test_a_fragment_is_held_to_the_same_rules():
    assert problems(HEADERS, "<p>Paid.</p>") == []
    assert problems(HEADERS, "<p>Paid.</div>") != []
    assert problems(HEADERS, "<input name=code>") != []


@pytest.mark.parametrize("name", ["content-security-policy", "x-content-type-options", "cross-origin-opener-policy", "referrer-policy"])
def test_a_missing_header_is_named(name):
    assert header_problems({k: v for k, v in HEADERS.items() if k != name}) != []


def test_an_unsafe_policy_and_a_stored_cookie_are_named():
    assert header_problems(HEADERS | {"content-security-policy": HEADERS["content-security-policy"] + "; script-src 'unsafe-inline'"}) != []
    assert header_problems(HEADERS | {"set-cookie": "visit=1", "cache-control": "max-age=60"}) != []
