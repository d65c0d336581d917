"""The company's own billing system, over HTTP as docs/billing-openapi.yaml describes it."""

import json
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from portal.adapters.billing import answers
from portal.adapters.billing.breaker import Breaker
from portal.adapters.billing.wire import Answer, Patience, Wire
from portal.core.documents import Document
from portal.core.errors import BillsUnseen, Permanent
from portal.core.payments.owing import less, untold
from portal.core.ports import Account, Recorded, Taken
from portal.core.statements import Database

log = structlog.get_logger()

# Asked for where nobody is known, so that an unknown ID number takes as long as a known one (promise 10).
NOBODY = "nobody"
# Of a payment, these say no for good: the same words again would be refused again.
REFUSALS = (400, 404, 409, 413, 422)
PATIENCE = Patience()
LONGEST_NUMBER = 64

T = TypeVar("T", bound=BaseModel)


class HttpBilling:
    """`db` has what the portal took and the billing system has not acknowledged."""

    remote = True

    def __init__(self, db: Database, url: str, key: str, breaker: Breaker | None = None, patience: Patience = PATIENCE) -> None:
        self.db, self.wire = db, Wire(url, key, breaker or Breaker(), patience)

    def account(self, customer_id: str) -> Account:
        with self.db.read() as reader:
            upto, rows = untold(reader, customer_id)
        answer = self.wire.get("account", customer_id=customer_id or NOBODY)
        if _is_unknown(answer, "customer_unknown"):
            return less(Account((), ()), upto, rows)
        said = _read(answer, answers.AnAccount)
        if said.customer_id != customer_id:
            _distrust(answer, "another customer's account")
        # It may have heard of a payment since we looked: then it says so, and its figures have it already.
        return less(said.account(), upto, [row for row in rows if row.payment_id not in said.recorded])

    def document(self, customer_id: str, number: str) -> Document | None:
        if not 0 < len(number) <= LONGEST_NUMBER:
            return None
        answer = self.wire.get("document", customer_id=customer_id or NOBODY, number=number)
        if _is_unknown(answer, "customer_unknown", "document_unknown"):
            return None
        said = _read(answer, answers.ADocument)
        if (said.customer_id, said.number) != (customer_id, number):
            _distrust(answer, "another document")
        return said.document()

    def record(self, taken: Taken) -> Recorded:
        answer = self.wire.put("payment", f"payments/{taken.payment_id}", _written(taken))
        if answer.status in REFUSALS:
            log.error("billing_refused_payment", payment_id=taken.payment_id, status=answer.status, code=_code(answer))
            raise Permanent(f"billing said {answer.status} {_code(answer)}")
        said = _read(answer, answers.ARecording)
        recorded, total = said.recorded(), taken.paid.minor
        if said.payment_id != taken.payment_id or said.currency != taken.paid.currency or said.credited + said.give_back != total:
            _distrust(answer, "another payment")
        if recorded.saving > taken.saving:
            _distrust(answer, "a saving that was not given")
        return recorded

    def check(self) -> str:
        answer = self.wire.get("health")
        if answer.status != 200:
            raise BillsUnseen(f"it said {answer.status} {_code(answer)}")
        return "answers"


def _written(taken: Taken) -> dict[str, Any]:
    at = datetime.fromtimestamp(taken.taken_at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    said = {
        "currency": taken.paid.currency, "paid": taken.paid.minor, "saving": taken.saving.minor, "keep_as_credit": taken.kept.minor,
        "invoices": list(taken.invoices), "taken_at": at, "checked": taken.checked,
    }  # fmt: skip
    return said | ({"customer_id": taken.customer_id} if taken.customer_id else {})


def _is_unknown(answer: Answer, *codes: str) -> bool:
    """A 404 without its code is a wrong address, not a customer without bills."""
    return answer.status == 404 and _code(answer) in codes


def _read(answer: Answer, kind: type[T]) -> T:
    if answer.status not in (200, 201):
        _distrust(answer, _code(answer) or "no answer that we know")
    try:
        return kind.model_validate_json(answer.body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        _distrust(answer, f"{'.'.join(map(str, first['loc']))}: {first['type']}")


def _distrust(answer: Answer, why: str) -> NoReturn:
    """Nothing of it is shown. What was in it is not logged either: it may be somebody's."""
    log.error("billing_answer_wrong", status=answer.status, why=why, request_id=answer.request_id)
    raise BillsUnseen(f"{answer.status}: {why}")


def _code(answer: Answer) -> str:
    try:
        code = json.loads(answer.body)["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return code[:60] if isinstance(code, str) and code.isascii() and code.isprintable() else ""
