"""One request of a browser, read and judged: its form, its language, its visit, its address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.requests import Request

from portal.core import party
from portal.core.case import Proof
from portal.core.errors import Unexpected
from portal.core.events import Origin
from portal.core.identity.visits import Visitor
from portal.core.languages import Language
from portal.core.party import Party
from portal.core.portal import Portal

HOME = "/"
SPOKEN: Mapping[str, Language] = {language.value: language for language in Language}


@dataclass
class Call:
    """What a handler is given. `cookies` are set by whoever answers; `form` has each field once."""

    portal: Portal
    request: Request
    form: Mapping[str, str]
    visitor: Visitor | None
    language: Language
    address: str
    body: bytes = b""
    cookies: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds that the answer is held back
    shown_at: str = ""  # where the page that answers a form can be asked for again

    def kept(self, name: str) -> str:
        """What the browser keeps for us under that name."""
        return self.request.cookies.get(cookie_name(self.portal.base_url, name), "")

    @property
    def path(self) -> str:
        return str(self.request.scope["path"])

    @cached_property
    def query(self) -> Mapping[str, str]:
        """What stands behind the `?`; of a field that is there twice, the last."""
        said = self.request.scope["query_string"]
        return dict(parse_qsl(said.decode("latin-1"), keep_blank_values=True)) if said else {}

    @property
    def here(self) -> str:
        """The page that was asked for, to come back to; a form's own page where a form was sent."""
        query = self.request.url.query if self.request.method == "GET" else ""
        return f"{self.path}?{query}" if query else self.path

    @property
    def proof(self) -> Proof:
        return self.visitor.proof if self.visitor else Proof.NOTHING

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
        return self.request.path_params


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
    if not path.startswith("/") or path[1:2] in ("/", "\\") or len(path) > 300 or not path.isprintable() or "\\" in path:
        return HOME
    parts = urlsplit(path)
    return path if not parts.scheme and not parts.netloc else HOME


def identify(next: str) -> str:
    """Where somebody identifies, and goes on from."""
    return f"/identify?next={quote(next)}"


def known_source(text: str) -> str:
    """A name that a link of the company carries: short, plain, and no place to hide anything."""
    return text if 0 < len(text) <= 32 and text.replace("-", "").replace("_", "").isalnum() and text.isascii() else ""


def client(request: Request, trusted: frozenset[str]) -> str:
    """The nearest address that is no proxy of ours; IPv6 by its /64, which is what one customer has (promise 13)."""
    peer = request.client.host if request.client else ""
    if peer in trusted:
        # Some proxies append a line of their own: all lines are one list (RFC 9110 5.2)
        for hop in reversed(",".join(request.headers.getlist("x-forwarded-for")).split(",")):
            if hop.strip() and hop.strip() not in trusted:
                peer = hop.strip()
                break
    return canonical(peer)


@lru_cache(1_000)
def canonical(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or IPv6Network((ip, 64), strict=False))


def language(asked: str, kept: str) -> Language:
    """What the address asks for, else what the browser keeps, else Hebrew."""
    return SPOKEN.get(asked) or SPOKEN.get(kept) or Language.HE


def same_origin(request: Request, base_url: str) -> bool:
    """Whether an unsafe request comes from our own page (promise 40). No cookie and no word of a browser: a program."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is not None and origin != "null":  # an old browser says null of a page that sends no referrer
        return origin == base_url
    return "cookie" not in request.headers
