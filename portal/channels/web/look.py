"""What a page wears: the company's colours, the style inside it, and static files named by their content."""

import gzip
import hashlib
import mimetypes
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

# WCAG 2.2 AA asks 4.5:1 of text on its ground.
CONTRAST = 4.5
SCRIPTS = ("htmx.min.js", "portal.js")
Rgb = tuple[int, int, int]
# Of the grounds of the dark page, the lightest.
WHITE, NIGHT = (255, 255, 255), (36, 48, 58)


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    media_type: str
    url: str


class Look:
    def __init__(self, static: Path, colour: str) -> None:
        pictures = sorted(path for path in static.iterdir() if path.suffix in (".svg", ".png"))
        self.assets = {path.name: _asset(path.name, path.read_bytes()) for path in pictures}
        # One file: a browser asks for each script it meets before it paints anything
        self.assets["scripts.js"] = _asset("scripts.js", b"\n".join((static / name).read_bytes() for name in SCRIPTS))
        css = (static / "style.css").read_text(encoding="utf-8")
        self.style = Markup(f"{brand(colour)}{css}")
        self.style_hash = "sha256-" + b64encode(hashlib.sha256(self.style.encode()).digest()).decode()

    def url(self, name: str) -> str:
        return self.assets[name].url

    def routes(self, headers: list[tuple[bytes, bytes]]) -> list[Route]:
        """By content: what is fetched once is never asked for again."""
        return [Route(asset.url, Serving(asset, headers)) for asset in self.assets.values()]


def _asset(name: str, content: bytes) -> Asset:
    digest = hashlib.sha256(content).hexdigest()[:12]
    media_type = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(content, media_type, f"/static/{digest}/{name}")


class Serving:
    """An asset, an ASGI application: packed where that is asked for, and for good."""

    def __init__(self, asset: Asset, headers: list[tuple[bytes, bytes]]) -> None:
        for_good = {"cache-control": "public, max-age=31536000, immutable", "vary": "Accept-Encoding"}
        self.plain = Response(asset.content, media_type=asset.media_type, headers=for_good)
        content = gzip.compress(asset.content, mtime=0)
        self.packed = Response(content, media_type=asset.media_type, headers=for_good | {"content-encoding": "gzip"})
        self.refused = Response(status_code=405, headers={"allow": "GET, HEAD", "cache-control": "no-store"})
        for response in (self.plain, self.packed, self.refused):
            response.raw_headers += headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if request.method not in ("GET", "HEAD"):
            response = self.refused
        else:
            response = self.packed if "gzip" in request.headers.get("accept-encoding", "") else self.plain
        await response(scope, receive, send)


def brand(colour: str) -> str:
    """The company's colour as it may be used: darkened until white text on it can be read, lightened for the dark page."""
    base = _rgb(colour)
    on_light = _until_readable(base, WHITE, towards=(0, 0, 0))
    on_dark = _until_readable(base, NIGHT, towards=WHITE)
    return f":root{{--brand:{_hex(on_light)};--brand-ink:#fff;--brand-dark:{_hex(on_dark)}}}"


def _until_readable(colour: Rgb, ground: Rgb, towards: Rgb) -> Rgb:
    for step in range(101):
        mixed = _mix(colour, towards, step / 100)
        if contrast(mixed, ground) >= CONTRAST:
            return mixed
    return towards


def _mix(a: Rgb, b: Rgb, share: float) -> Rgb:
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def contrast(a: Rgb, b: Rgb) -> float:
    """WCAG 2.2's contrast ratio, 1 to 21."""
    lighter, darker = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _rgb(colour: str) -> Rgb:
    """Raises ValueError for what is not #rrggbb."""
    if len(colour) != 7 or not colour.startswith("#"):
        raise ValueError(f"colour {colour!r} is not like #0a7d4b")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(colour: Rgb) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
