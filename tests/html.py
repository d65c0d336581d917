"""What every page of ours must be, whoever fetched it: valid, labelled, translated, and safe under a strict policy."""

import base64
import hashlib
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import html5lib

Element = Any

LANGUAGES = {"he": "rtl", "ar": "rtl", "en": "ltr", "ru": "ltr"}
TYPED = "input[not(@type='hidden')] | //select | //textarea"
DATA = ("application/json", "application/ld+json")
UNFILLED = re.compile(r"\{[a-z_]+\}|%\([a-z_]+\)s")


# The same page comes in many tests, and html5lib takes longer to read it than the portal to make it.
@lru_cache(1_000)
def parse(text: str) -> tuple[Element, tuple[str, ...]]:
    """The tree as browsers build it, and what they had to repair. To be read only."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("lxml"), namespaceHTMLElements=False)
    if not is_document(text):  # a fragment, as htmx swaps it in
        text = f"<!doctype html><html lang=en dir=ltr><head><title>fragment</title></head><body>{text}</body></html>"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", html5lib.constants.DataLossWarning)  # htmx's attributes have colons, which XML names have not
        tree = parser.parse(text).getroot()
    return tree, tuple(f"line {place[0]}: {code} {details or ''}".strip() for place, code, details in parser.errors)


def problems(headers: Mapping[str, str], text: str) -> list[str]:
    """Everything that is wrong with a page or fragment; empty where it is as promised."""
    return [*header_problems(headers), *_body_problems(text, headers.get("content-security-policy", ""))]


@lru_cache(1_000)
def _body_problems(text: str, policy: str) -> tuple[str, ...]:
    tree, repaired = parse(text)
    document = _document(tree) if is_document(text) else ()
    return (*repaired, *_names(tree), *_controls(tree), *_inline(tree, policy), *_words(tree), *document)


def is_document(text: str) -> bool:
    return text.lstrip()[:9].lower() == "<!doctype"


def header_problems(headers: Mapping[str, str]) -> list[str]:
    """SECURITY 28, 41, 42: on every response, whatever it carries."""
    policy = headers.get("content-security-policy", "")
    wanted = {
        "the policy has a default-src": "default-src" in policy,
        "the policy has no unsafe-*": "unsafe-" not in policy,
        "the policy has frame-ancestors 'none'": "frame-ancestors 'none'" in policy,
        "the policy names form-action": "form-action" in policy,
        "nosniff": headers.get("x-content-type-options") == "nosniff",
        "Cross-Origin-Opener-Policy": headers.get("cross-origin-opener-policy") == "same-origin",
        "Referrer-Policy": headers.get("referrer-policy") == "no-referrer",
        "no-store with a cookie": "set-cookie" not in headers or "no-store" in headers.get("cache-control", ""),
    }
    return [f"header missing: {what}" for what, there in wanted.items() if not there]


def _document(tree: Element) -> Iterator[str]:
    language = tree.get("lang", "")
    if tree.get("dir") != LANGUAGES.get(language, "?"):
        yield f"<html lang={language!r} dir={tree.get('dir')!r}>"
    if not (tree.findtext("head/title") or "").strip():
        yield "no title"
    for path, count in (("//h1", 1), ("//main", 1), ("//meta[@name='viewport']", 1)):
        if (there := len(tree.xpath(path))) != count:
            yield f"{there} of {path}, not {count}"
    if not tree.xpath("//*[@data-testid='human']"):
        yield "no way to a person (data-testid=human)"


def _names(tree: Element) -> Iterator[str]:
    ids = Counter(tree.xpath("//@id"))
    yield from (f"id {name!r} is there {count} times" for name, count in ids.items() if count > 1)
    for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-errormessage"):
        for value in tree.xpath(f"//@{attribute}"):
            yield from (f"{attribute}={name!r} names nothing" for name in value.split() if name not in ids)
    for value in tree.xpath("//a/@href[starts-with(., '#') and string-length(.) > 1]"):
        if value[1:] not in ids:
            yield f"link to {value!r}, which is not there"


def _controls(tree: Element) -> Iterator[str]:
    for control in tree.xpath(f"//{TYPED}"):
        said = f"<{control.tag} name={control.get('name')!r}>"
        if not control.get("id"):
            yield f"{said} has no id"
        if not control.get("data-testid"):
            yield f"{said} has no data-testid"
        labels = tree.xpath("//label[@for=$id]", id=control.get("id") or "?") + control.xpath("ancestor::label")
        if not (any(_text(label) for label in labels) or control.get("aria-label") or control.get("aria-labelledby")):
            yield f"{said} has no label"
    for button in tree.xpath("//button"):
        if not (_text(button) or button.get("aria-label")):
            yield f"<button name={button.get('name')!r}> says nothing"
        if not button.get("data-testid"):
            yield f"<button> {_text(button)!r} has no data-testid"
    for image in tree.xpath("//img[not(@alt)]"):
        yield f"<img src={image.get('src')!r}> has no alt"


def _inline(tree: Element, policy: str) -> Iterator[str]:
    """Nothing that needs 'unsafe-inline' or 'unsafe-eval'; a style element by its hash."""
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        for name, value in element.attrib.items():
            if name == "style" or name.startswith(("on", "hx-on")):
                yield f"<{element.tag} {name}={value!r}>"
            if value.strip().lower().startswith(("javascript:", "js:")) or (name == "hx-trigger" and "[" in value):
                yield f"<{element.tag} {name}={value!r}> needs eval"
    for script in tree.xpath("//script[not(@src)]"):
        if script.get("type") not in DATA:
            yield f"inline script {(script.text or '')[:40]!r}"
    for style in tree.xpath("//style"):
        digest = base64.b64encode(hashlib.sha256((style.text or "").encode()).digest()).decode()
        if f"'sha256-{digest}'" not in policy:
            yield "a style element that the policy does not allow by its hash"


def _words(tree: Element) -> Iterator[str]:
    for text in tree.xpath("//body//text()[not(parent::script) and not(parent::style)] | //@aria-label | //@placeholder | //title/text()"):
        if found := UNFILLED.search(text):
            yield f"unfilled {found.group()} in {text.strip()[:60]!r}"


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())
