"""The paths of Stripe's API that the fake has."""

from collections.abc import Callable

from tests.fakes import stripe_checks as checks
from tests.fakes.stripe_account import Account, Object, public


def _session(account: Account, params: Object, id: str) -> Object:
    session = public(account.found(id, "checkout.session"))
    if "payment_intent" in params.get("expand", {}).values() and session["payment_intent"]:
        session["payment_intent"] = public(account.found(session["payment_intent"], "payment_intent"))
    return session


def _refund(account: Account, params: Object) -> Object:
    return public(account.refund(params["payment_intent"], int(params["amount"]) if "amount" in params else None))


def _list(kind: str) -> Callable[[Account, Object], Object]:
    return lambda account, params: _page(account.listed(kind, params.get("payment_intent")), params, f"/v1/{kind}s")


def _events(account: Account, params: Object) -> Object:
    types, since = set(params.get("types", {}).values()), int(params.get("created", {}).get("gte", 0))
    return _page([one for one in account.events if one["type"] in types and one["created"] >= since], params, "/v1/events")


def _page(listed: list[Object], params: Object, url: str) -> Object:
    data, more = checks.pages(listed, params)
    return {"object": "list", "data": [public(one) for one in data], "has_more": more, "url": url}


ROUTES: tuple[tuple[str, str, Callable[..., Object]], ...] = (
    ("POST", "/v1/checkout/sessions", lambda account, params: public(account.open(params))),
    ("GET", r"/v1/checkout/sessions/(\w+)", _session),
    ("POST", r"/v1/checkout/sessions/(\w+)/expire", lambda account, params, id: public(account.expire(id))),
    ("GET", r"/v1/payment_intents/(\w+)", lambda account, params, id: public(account.found(id, "payment_intent"))),
    ("GET", r"/v1/charges/(\w+)", lambda account, params, id: public(account.found(id, "charge"))),
    ("POST", "/v1/refunds", _refund),
    ("GET", "/v1/refunds", _list("refund")),
    ("GET", "/v1/disputes", _list("dispute")),
    ("GET", "/v1/events", _events),
    ("GET", "/v1/balance", lambda account, params: {"object": "balance", "available": [], "livemode": account.live}),
)
