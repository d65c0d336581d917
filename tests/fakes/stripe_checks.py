"""What Stripe refuses of a request, as its documentation says it does."""

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from babel.core import get_global

_LOCALES = (
    "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk sl sv th tr "
    "vi zh zh-HK zh-TW"
)
_PARAMETERS = (
    "mode line_items adaptive_pricing locale success_url cancel_url client_reference_id metadata payment_intent_data expires_at "
    "submit_type customer_email expand"
)
LOCALES, SESSION = frozenset(_LOCALES.split()), frozenset(_PARAMETERS.split())
THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
# Least amounts, of those that are published; half a dollar of the others is near enough.
LEAST = {"jpy": 50, "gbp": 30, "aed": 200, "huf": 17500, "czk": 1500, "dkk": 250, "mxn": 1000, "kwd": 150, "isk": 7000, "ugx": 190000}
MOST = {"jpy": 9_999_999_999, "huf": 9_999_999_999, "cop": 9_999_999_999, "idr": 999_999_999_999, "inr": 999_999_999}


class Wrong(Exception):
    """An answer of 4xx."""

    def __init__(self, message: str, *, status: int = 400, type: str = "invalid_request_error", code: str = "", param: str = "") -> None:
        super().__init__(message)
        error = {"type": type, "message": message, "code": code, "param": param}
        self.status, self.body = status, {"error": {k: v for k, v in error.items() if v}}


def form(body: str) -> dict[str, Any]:
    """`line_items[0][price_data][currency]=ils` as nested objects; a list is an object of its numbers."""
    parsed: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body)):
        *outer, last = re.findall(r"[^\[\]]+", name) if not name.endswith("[]") else [*re.findall(r"[^\[\]]+", name), str(len(parsed))]
        at = parsed
        for key in outer:
            at = at.setdefault(key, {})
        at[last] = value
    return parsed


def session(params: Mapping[str, Any], now: float | None = None) -> tuple[int, str]:
    """Amount and currency of the session asked for. Raises Wrong."""
    _known(params, SESSION)
    if params.get("mode") != "payment":
        raise Wrong("Missing required param: mode." if not params.get("mode") else "Not here.", param="mode")
    for name in ("success_url", "cancel_url"):
        _url(params, name)
    if params.get("locale", "auto") not in LOCALES:
        raise Wrong("Invalid locale: must be one of ..", param="locale")
    if len(params.get("client_reference_id", "")) > 200:
        raise Wrong("Invalid string: at most 200 characters", param="client_reference_id")
    _metadata(params.get("metadata", {}))
    _metadata(params.get("payment_intent_data", {}).get("metadata", {}))
    _expiry(params, time.time() if now is None else now)
    items = list(params.get("line_items", {}).values())
    if not items:
        raise Wrong("Missing required param: line_items.", code="parameter_missing", param="line_items")
    (currency,) = {_required(item, "price_data", "currency") for item in items}
    total = sum(_line(item) for item in items)
    amount(total, currency)
    return total, currency


def amount(total: int, currency: str) -> None:
    if currency != currency.lower() or currency.upper() not in get_global("all_currencies"):
        raise Wrong(f"Invalid currency: {currency}.", param="currency")
    if total < LEAST.get(currency, 50):
        raise Wrong("The Checkout Session's total amount due must add up to at least 50 cents.", code="amount_too_small")
    if total > MOST.get(currency, 99_999_999):
        raise Wrong("Amount must be no more than 999,999.99.", code="amount_too_large")
    if (currency in THREE_DECIMALS and total % 10) or (currency in ("isk", "ugx") and total % 100):
        raise Wrong(f"Invalid amount for {currency}: its last digits must be 0.", code="invalid_amount")


def _line(item: Mapping[str, Any]) -> int:
    _known(item, frozenset({"quantity", "price_data"}))
    _known(item["price_data"], frozenset({"currency", "unit_amount", "product_data"}))
    if not _required(item, "price_data", "product_data", "name").strip():
        raise Wrong("You passed an empty string for 'name'.", code="parameter_invalid_empty", param="line_items[0][price_data]")
    unit, quantity = _required(item, "price_data", "unit_amount"), _required(item, "quantity")
    if not (unit.isdecimal() and quantity.isdecimal() and int(quantity)):
        raise Wrong("Invalid integer", code="parameter_invalid_integer")
    return int(unit) * int(quantity)


def _required(item: Mapping[str, Any], *path: str) -> str:
    at: Any = item
    for name in path:
        at = at.get(name) if isinstance(at, Mapping) else None
    if not isinstance(at, str):
        raise Wrong(f"Missing required param: {path[-1]}.", code="parameter_missing", param=path[-1])
    return at


def _known(params: Mapping[str, Any], names: frozenset[str]) -> None:
    for name in params.keys() - names:
        raise Wrong(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def _url(params: Mapping[str, Any], name: str) -> None:
    url = urlsplit(_required(params, name))
    if url.scheme not in ("http", "https") or not url.hostname or len(params[name]) > 5000:
        raise Wrong("Not a valid URL", code="url_invalid", param=name)


def _metadata(given: Mapping[str, Any]) -> None:
    if len(given) > 50 or any(len(key) > 40 or len(str(value)) > 500 for key, value in given.items()):
        raise Wrong("Metadata: at most 50 keys of 40 characters, and values of 500.", param="metadata")


def _expiry(params: Mapping[str, Any], now: float) -> None:
    if "expires_at" in params and not now + 30 * 60 <= int(params["expires_at"]) <= now + 24 * 60 * 60:
        raise Wrong("The `expires_at` timestamp must be between 30 minutes and 24 hours from now.", param="expires_at")


def pages(listed: list[dict[str, Any]], query: Mapping[str, Any]) -> tuple[list[dict[str, Any]], bool]:
    """The newest first, from after `starting_after`."""
    limit = int(query.get("limit", 10))
    if not 1 <= limit <= 100:
        raise Wrong("Invalid limit: 1 to 100", param="limit")
    rest: Iterator[dict[str, Any]] = iter(reversed(listed))
    if after := query.get("starting_after"):
        for one in rest:
            if one["id"] == after:
                break
    found = list(rest)
    return found[:limit], len(found) > limit
