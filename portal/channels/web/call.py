"""One request of a browser, read and judged: its form, its language, its visit, its address."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.requests import cookie_parser
from starlette.types import Scope

from portal.core import party
from portal.core.case import Proof
from portal.core.errors import Unexpected
from portal.core.events import Origin
from portal.core.identity.visits import Visitor
from portal.core.languages import Language
from portal.core.party import Party
from portal.core.portal import Portal

HOME = "/"
# No address of ours is longer, so that none that is made up is carried on, or kept with a page
LONGEST = 300
# Cookies end with the browser, but for what would tell the next one at a telephone whose it was, in seconds.
LIVES = {"typed": 600}
# What a browser kept of whoever asked for a code, when somebody is in, or has left: the next one at that telephone may be another.
FORGOTTEN = {"code": "", "typed": ""}
SPOKEN: Mapping[str, Language] = {language.value: language for language in Language}


@dataclass
class Call:
    """What a handler is given. `cookies` are set by whoever answers; `form` has each field once."""

    portal: Portal
    scope: Scope
    headers: Mapping[str, str]  # by name in lower case
    query: Mapping[str, str]  # what stands behind the `?`
    sent: Mapping[str, str]  # the cookies that came
    address: str
    language: Language
    form: Mapping[str, str] = field(default_factory=dict)
    visitor: Visitor | None = None
    body: bytes = b""
    cookies: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds that the answer is held back
    shown_at: str = ""  # where the page can be asked for again, if not where it is

    def kept(self, name: str) -> str:
        """What the browser keeps for us under that name."""
        return self.sent.get(cookie_name(self.portal.base_url, name), "")

    @property
    def language_chosen(self) -> bool:
        return self.query.get("lang") in SPOKEN or self.kept("lang") in SPOKEN

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def here(self) -> str:
        """The page that was asked for, to come back to; a form's own page where a form was sent."""
        query = self.scope["query_string"].decode("latin-1") if self.method == "GET" else ""
        path = quote(self.path)  # it may name a document of any letters, and an address has plain ones only
        return f"{path}?{query}" if query else path

    @property
    def proof(self) -> Proof:
        return self.visitor.proof if self.visitor else Proof.NOTHING

    @property
    def visit_ended(self) -> bool:
        """Whether this browser had a visit that is over; one that was left took its cookie along."""
        return self.visitor is None and self.kept("visit") != ""

    @property
    def next(self) -> str:
        return local(self.form.get("next") or self.query.get("next") or HOME)

    @property
    def origin(self) -> Origin:
        if self.visitor:
            return self.visitor.origin
        source = self.form.get("source") or self.query.get("source") or self.kept("source")
        return Origin("web", known_source(source))

    @cached_property
    def party(self) -> Party:
        if self.visitor is None:
            with self.portal.db.read() as reader:
                return party.nobody(reader, self.language, self.origin, self.address)
        visitor = self.visitor
        return Party(
            visitor.subject, visitor.person, visitor.proof, visitor.fresh, self.language, visitor.origin, visitor.at,
            self.address, visitor.visit_id, visitor.asked_as,
        )  # fmt: skip

    @property
    def param(self) -> Mapping[str, Any]:
        params: Mapping[str, Any] = self.scope["path_params"]
        return params


def opened(portal: Portal, scope: Scope, trusted: frozenset[str]) -> Call:
    """Who asks, before anything is known of them but their language and their address."""
    headers, query = _headers(scope), _query(scope["query_string"])
    sent = cookie_parser(headers["cookie"]) if "cookie" in headers else {}
    address = client(scope, headers, trusted)
    kept = sent.get(cookie_name(portal.base_url, "lang"), "")
    return Call(portal, scope, headers, query, sent, address, language(query.get("lang", ""), kept))


def _headers(scope: Scope) -> Mapping[str, str]:
    """Of a name that is there twice, both (RFC 9110 5.2): some proxies append a line of their own."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return headers if len(headers) == len(scope["headers"]) else _joined(scope)


def _joined(scope: Scope) -> Mapping[str, str]:
    values: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        values.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return {name: ("; " if name == "cookie" else ", ").join(some) for name, some in values.items()}


def _query(said: bytes) -> Mapping[str, str]:
    """Of a field that is there twice, the last."""
    return dict(parse_qsl(said.decode("latin-1"), keep_blank_values=True)) if said else {}


def cookie_name(base_url: str, name: str) -> str:
    """`__Host-` binds a cookie to this host and to https; plain http on one's own machine cannot have it (promise 30)."""
    return f"__Host-{name}" if base_url.startswith("https") else name


def form(body: bytes) -> dict[str, str]:
    """Raises Unexpected for what no form of ours sends: a field twice, or bytes that are no text."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=30, errors="strict")
    except ValueError as error:
        raise Unexpected("not a form") from error
    fields = dict(pairs)
    if any("\0" in part for pair in pairs for part in pair):
        raise Unexpected("no text")
    if len(fields) != len(pairs):
        raise Unexpected("a field twice")
    return fields


def local(path: str) -> str:
    """A path of this site; anything else is home (promise 27). Browsers read `\\` as `/`, and skip tabs and newlines."""
    if not path.startswith("/") or path[1:2] in ("/", "\\") or len(path) > LONGEST or not path.isprintable() or "\\" in path:
        return HOME
    parts = urlsplit(path)
    return path if not parts.scheme and not parts.netloc else HOME


def identify(next: str, *, unsent: bool = False) -> str:
    """Where somebody identifies, and goes on from; `unsent`: a form was sent, and nothing was done with it."""
    return f"/identify?next={quote(next)}" + ("&unsent=1" if unsent else "")


def known_source(text: str) -> str:
    """A name that a link of the company carries: short, plain, and no place to hide anything."""
    return text if 0 < len(text) <= 32 and text.replace("-", "").replace("_", "").isalnum() and text.isascii() else ""


def known_journey(text: str) -> str:
    """A journey's id, and nothing else."""
    return text if re.fullmatch("[0-9a-f]{16}", text) else ""


def client(scope: Scope, headers: Mapping[str, str], trusted: frozenset[str]) -> str:
    """The nearest address that is no proxy of ours; IPv6 by its /64, which is what one customer has (promise 13)."""
    peer = _plain(scope["client"][0] if scope.get("client") else "")
    if peer in trusted:
        for hop in reversed(headers.get("x-forwarded-for", "").split(",")):
            nearest = _plain(hop.strip())
            if nearest and nearest not in trusted:
                peer = nearest
                break
    return canonical(peer)


def _plain(address: str) -> str:
    """As the trusted ones are written: to a socket that listens for IPv6 too, 10.0.0.2 is ::ffff:10.0.0.2."""
    return _shortest(address) if ":" in address else address


@lru_cache(1_000)
def _shortest(address: str) -> str:
    try:
        ip = IPv6Address(address)
    except ValueError:
        return address
    return str(ip.ipv4_mapped or ip)


@lru_cache(1_000)
def canonical(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return "unknown"
    return str(ip if isinstance(ip, IPv4Address) else IPv6Network((ip, 64), strict=False))


def language(asked: str, kept: str) -> Language:
    """What the address asks for, else what the browser keeps, else Hebrew."""
    return SPOKEN.get(asked) or SPOKEN.get(kept) or Language.HE


def same_origin(headers: Mapping[str, str], base_url: str) -> bool:
    """Whether an unsafe request comes from our own page (promise 40). No cookie and no word of a browser: a program."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    if origin is not None and origin != "null":  # an old browser says null of a page that sends no referrer
        return origin == base_url
    return "cookie" not in headers
