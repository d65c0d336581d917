"""The description for integrators is valid, its examples are what it describes, and the reference server answers as it says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from portal.adapters.billing import EmbeddedBilling, answers
from portal.app import open_database
from portal.reference.billing import Payload
from tests.core.paying import owes
from tests.fakes.billing import KEY, Reference

PATH = Path(__file__).resolve().parents[2] / "docs" / "billing-openapi.yaml"
# JSON as it travels: YAML would read an unquoted day as a date.
DESCRIPTION: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(PATH.read_text(encoding="utf-8"))))
REGISTRY: Registry[Any] = Registry().with_resource("urn:billing", DRAFT202012.create_resource(DESCRIPTION))
OPERATIONS = {
    operation["operationId"]: (path, method, operation) for path, item in DESCRIPTION["paths"].items() for method, operation in item.items()
}


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    """Against a schema of the description, whose references are within it."""
    anchored = json.loads(json.dumps(schema).replace('"#/', '"urn:billing#/'))
    checker = Draft202012Validator(anchored, registry=REGISTRY, format_checker=FormatChecker())
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in checker.iter_errors(value)]


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in value:
        return value
    found: Any = DESCRIPTION
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that is sent or answered: a name, and its schema with examples."""
    for name, (_path, _method, operation) in OPERATIONS.items():
        bodies = {"said": operation.get("requestBody", {})} | {status: resolved(each) for status, each in operation["responses"].items()}
        for status, body in bodies.items():
            for media in body.get("content", {}).values():
                yield f"{name} {status}", media


def example(name: str, title: str, status: str = "200") -> dict[str, Any]:
    content = OPERATIONS[name][2]["responses"][status]["content"]["application/json"]
    return dict(content["examples"][title]["value"])


def described(name: str, status: int) -> tuple[str, dict[str, Any]]:
    """The media type and the schema of an answer."""
    ((media, content),) = resolved(OPERATIONS[name][2]["responses"][str(status)])["content"].items()
    return media, content["schema"]


def test_the_description_is_valid_openapi():
    validate(DESCRIPTION)
    assert DESCRIPTION["openapi"].startswith("3.1")


def test_every_example_is_what_the_description_says():
    found = [
        (name, title, problems(media["schema"], one["value"])) for name, media in contents() for title, one in media["examples"].items()
    ]
    assert len(found) > 20
    assert [each for each in found if each[2]] == []


def test_every_body_has_an_example_and_every_operation_says_what_a_wrong_key_gets():
    assert [name for name, media in contents() if not media.get("examples")] == []
    assert [name for name, (_path, _method, operation) in OPERATIONS.items() if "401" not in operation["responses"]] == []


def test_the_portal_believes_every_example():
    for title in OPERATIONS["account"][2]["responses"]["200"]["content"]["application/json"]["examples"]:
        answers.AnAccount.model_validate_json(json.dumps(example("account", title))).account()
    for title in OPERATIONS["document"][2]["responses"]["200"]["content"]["application/json"]["examples"]:
        answers.ADocument.model_validate_json(json.dumps(example("document", title))).document()
    for title in OPERATIONS["record"][2]["responses"]["200"]["content"]["application/json"]["examples"]:
        answers.ARecording.model_validate_json(json.dumps(example("record", title))).recorded()


@pytest.mark.parametrize(
    ("schema", "kind"),
    [("Account", answers.AnAccount), ("Bill", answers.ABill), ("Document", answers.ADocument), ("Party", answers.AParty),
     ("Line", answers.ALine), ("Allowance", answers.AnAllowance), ("Recorded", answers.ARecording), ("Payment", Payload)],
)  # fmt: skip
def test_what_the_portal_reads_and_requires_is_what_is_described(schema, kind):
    said = DESCRIPTION["components"]["schemas"][schema]
    fields = kind.model_fields
    assert set(said["properties"]) == set(fields)
    assert set(said["required"]) == {name for name, field in fields.items() if field.is_required()}


# --- the reference server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    reference = Reference(tmp_path_factory.mktemp("described")).start()
    books = open_database(reference.books)
    owes(books, "c1", A=10000, B=-2500)
    books.close()
    yield reference
    reference.kill()


PAID: dict[str, Any] = {
    "customer_id": "c1", "currency": "ILS", "paid": 7500, "saving": 0, "keep_as_credit": 0, "invoices": ["A"],
    "taken_at": "2026-11-22T09:15:04.120Z", "checked": True,
}  # fmt: skip
ASKED: dict[str, tuple[str, str, Any, int, str]] = {
    "alive": ("health", "/v1/health", None, 200, ""),
    "an account": ("account", "/v1/account?customer_id=1001", None, 200, ""),
    "no bills": ("account", "/v1/account?customer_id=1008", None, 200, ""),
    "nobody": ("account", "/v1/account?customer_id=nobody", None, 404, "customer_unknown"),
    "no customer": ("account", "/v1/account", None, 400, "query_malformed"),
    "two customers": ("account", "/v1/account?customer_id=1001&customer_id=1002", None, 400, "query_malformed"),
    "a long customer": ("account", "/v1/account?customer_id=" + "x" * 65, None, 400, "query_malformed"),
    "totals only": ("document", "/v1/document?customer_id=c1&number=A", None, 200, ""),
    "another's document": ("document", "/v1/document?customer_id=1001&number=A", None, 404, "document_unknown"),
    "a number like a path": ("document", "/v1/document?customer_id=1001&number=..%2F..%2Fhealth", None, 404, "document_unknown"),
    "a number of two lines": ("document", "/v1/document?customer_id=1001&number=A%0D%0AB", None, 404, "document_unknown"),
    "no text": ("document", "/v1/document?customer_id=%00&number=A", None, 404, "customer_unknown"),
    "no number": ("document", "/v1/document?customer_id=1001", None, 400, "query_malformed"),
    "a payment": ("record", f"/v1/payments/{'a' * 32}", PAID, 200, ""),
    "the payment again": ("record", f"/v1/payments/{'a' * 32}", PAID, 200, ""),
    "another payment": ("record", f"/v1/payments/{'a' * 32}", PAID | {"paid": 7499}, 409, "payment_conflict"),
    "a customer who is not": ("record", f"/v1/payments/{'b' * 32}", PAID | {"customer_id": "no"}, 404, "customer_unknown"),
    "a float": ("record", f"/v1/payments/{'c' * 32}", PAID | {"paid": 75.0}, 422, "payment_malformed"),
    "a negative": ("record", f"/v1/payments/{'c' * 32}", PAID | {"paid": -1}, 422, "payment_malformed"),
    "a stray field": ("record", f"/v1/payments/{'c' * 32}", PAID | {"card": "4242"}, 422, "payment_malformed"),
    "no JSON": ("record", f"/v1/payments/{'c' * 32}", b"{", 422, "payment_malformed"),
    "too much": ("record", f"/v1/payments/{'c' * 32}", b" " * 70_000, 413, "too_large"),
}


def asked(reference: Reference, name: str, target: str, body: Any, key: str = KEY) -> urllib3.BaseHTTPResponse:
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {key}", "x-request-id": "abc123"}
    return urllib3.request(OPERATIONS[name][1].upper(), reference.url + target, body=content, headers=headers, retries=False)


@pytest.mark.parametrize("what", ASKED)
def test_the_reference_server_answers_as_described(running, what):
    name, target, body, status, code = ASKED[what]
    answer = asked(running, name, target, body)
    assert (answer.status, answer.headers["x-request-id"], answer.headers["cache-control"]) == (status, "abc123", "no-store")
    media, schema = described(name, status)
    assert answer.headers["content-type"] == media
    assert problems(schema, answer.json()) == []
    assert answer.json().get("code", "") == code


def test_without_its_key_nothing_is_answered(running):
    for name, target, body, _status, _code in ASKED.values():
        for key in ("", "x", KEY[:-1], KEY + "x", "é"):
            answer = asked(running, name, target, body, key)
            assert (answer.status, answer.json()["code"]) == (401, "key_unknown")


def test_a_payment_that_is_said_twice_at_once_is_credited_once(running):
    from concurrent.futures import ThreadPoolExecutor

    books = open_database(running.books)
    owes(books, "c2", A=10000)
    said = PAID | {"customer_id": "c2", "paid": 4000}
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _n: asked(running, "record", f"/v1/payments/{'d' * 32}", said).json(), range(16)))
    assert {(each["credited"], each["give_back"]) for each in told} == {(4000, 0)}
    assert [one.minor for one in EmbeddedBilling(books).account("c2").balances] == [6000]
    books.close()
