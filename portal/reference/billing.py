"""A billing system that offers what docs/billing-openapi.yaml describes, over the embedded store: `portal billing`.

It knows nothing of the portal but that description, and keeps its own books, in a database of its own.
"""

import hmac
import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlmodel import col, select
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.core.documents import Document
from portal.core.errors import Permanent
from portal.core.money import Money
from portal.core.ports import Billing, Taken
from portal.core.statements import Database, Statement, p
from portal.core.tables import Customer, Payment
from portal.reference.documents import written

LARGEST = 64 * 1024

CUSTOMER = Statement(select(Customer.customer_id).where(col(Customer.customer_id) == p("customer_id")))
RECORDED = Statement(
    select(Payment.id).where(col(Payment.customer_id) == p("customer_id")).order_by(col(Payment.updated_at).desc()).limit(100)
)
Amount = Annotated[int, Field(ge=0, le=10**15)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Problem(Exception):
    """RFC 9457."""

    def __init__(self, status: int, code: str, title: str) -> None:
        super().__init__(code)
        self.status, self.code, self.title = status, code, title


class Payload(BaseModel):
    """A payment that the portal took."""

    model_config = ConfigDict(strict=True, extra="forbid")
    customer_id: Number | None = None
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
    paid: Annotated[int, Field(ge=1, le=10**15)]
    saving: Amount
    keep_as_credit: Amount
    invoices: Annotated[list[Number], Field(max_length=60)]
    taken_at: AwareDatetime
    checked: Literal[True, False]

    def taken(self, payment_id: str) -> Taken:
        def money(minor: int) -> Money:
            return Money(minor, self.currency)

        return Taken(
            payment_id, self.customer_id or "", money(self.paid), money(self.saving), money(self.keep_as_credit), tuple(self.invoices),
            _milliseconds(self.taken_at), self.checked,
        )  # fmt: skip


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def application(billing: Billing, db: Database, key: str) -> Starlette:
    if not key:
        raise ValueError("a billing system without a key is open to everybody: set one")
    books = Books(billing, db)

    def door(path: str, answer: Callable[[Request, bytes], Response], method: str = "GET") -> Route:
        async def endpoint(request: Request) -> Response:
            return await _answered(request, key, answer)

        return Route(path, endpoint, methods=[method])

    app = Starlette(
        routes=[
            door("/v1/health", books.health),
            door("/v1/account", books.account),
            door("/v1/document", books.document),
            door("/v1/payments/{payment_id}", books.record, "PUT"),
        ]
    )
    app.router.redirect_slashes = False
    app.router.default = _Nowhere()
    return app


class Books:
    def __init__(self, billing: Billing, db: Database) -> None:
        self.billing, self.db = billing, db

    def health(self, request: Request, body: bytes) -> Response:
        return JSONResponse({"status": "ok"})

    def account(self, request: Request, body: bytes) -> Response:
        customer_id = self._customer(request)
        with self.db.read() as reader:
            recorded = [row.id for row in reader.all(RECORDED, customer_id=customer_id)]
        account = self.billing.account(customer_id)
        bills = [
            {
                "number": bill.number, "kind": bill.kind.value, "issued": bill.issued.isoformat(), "due": _day(bill.due),
                "currency": bill.total.currency, "total": bill.total.minor, "open": bill.open.minor,
            }
            for bill in account.bills
        ]  # fmt: skip
        balances = [{"currency": balance.currency, "amount": balance.minor} for balance in account.balances]
        return JSONResponse({"customer_id": customer_id, "bills": bills, "balances": balances, "recorded": recorded})

    def document(self, request: Request, body: bytes) -> Response:
        customer_id, number = self._customer(request), _asked(request, "number")
        document: Document | None = self.billing.document(customer_id, number)
        if document is None:
            raise Problem(404, "document_unknown", "This customer has no document of this number.")
        return JSONResponse({"customer_id": customer_id, **written(document)})

    def record(self, request: Request, body: bytes) -> Response:
        payment_id = request.path_params["payment_id"]
        try:
            taken = Payload.model_validate_json(body).taken(payment_id)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise Problem(422, "payment_malformed", f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        try:
            recorded = self.billing.record(taken)
        except Permanent as refused:
            unknown = str(refused) == "no such customer"
            raise Problem(*((404, "customer_unknown") if unknown else (409, "payment_conflict")), str(refused)) from refused
        return JSONResponse(
            {
                "payment_id": payment_id, "currency": taken.paid.currency, "credited": recorded.credited.minor,
                "saving": recorded.saving.minor, "give_back": recorded.give_back.minor,
            }
        )  # fmt: skip

    def _customer(self, request: Request) -> str:
        customer_id = _asked(request, "customer_id")
        with self.db.read() as reader:
            if "\0" in customer_id or reader.one(CUSTOMER, customer_id=customer_id) is None:
                raise Problem(404, "customer_unknown", "There is no customer of this number.")
        return customer_id


async def _answered(request: Request, key: str, answer: Callable[[Request, bytes], Response]) -> Response:
    request_id = request.headers.get("x-request-id", "")[:64]
    try:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {key}".encode()):
            raise Problem(401, "key_unknown", "The bearer key is missing, or not one of ours.")
        response = await run_in_threadpool(answer, request, await _body(request))
    except Problem as problem:
        response = _problem(problem)
    response.headers["cache-control"] = "no-store"
    if request_id.isascii() and request_id.isalnum():
        response.headers["x-request-id"] = request_id
    return response


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise Problem(413, "too_large", f"At most {LARGEST} bytes.")
    return bytes(body)


def _problem(problem: Problem) -> Response:
    said: dict[str, Any] = {"type": "about:blank", "title": problem.title, "status": problem.status, "code": problem.code}
    headers = {"www-authenticate": "Bearer"} if problem.status == 401 else None
    return Response(json.dumps(said), problem.status, headers, "application/problem+json")


def _asked(request: Request, name: str) -> str:
    found = request.query_params.getlist(name)
    if len(found) != 1 or not 0 < len(found[0]) <= 64:
        raise Problem(400, "query_malformed", f"{name}: once, of 1 to 64 characters.")
    return found[0]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


class _Nowhere:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await _problem(Problem(404, "path_unknown", "There is nothing at this address."))(scope, receive, send)
