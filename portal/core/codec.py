"""Frozen dataclasses to JSON and back: steps on a journey, documents on an invoice.

Each object names its class, and only classes that were given are made: `Codec(Ask, Fact, Money, ...)`.
Tuples, mappings of texts, numbers and None are JSON's own; fields that have their default are left out.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

KIND = "="  # no field or mapping key of ours is called that


class Codec:
    def __init__(self, *classes: type) -> None:
        self.classes = {c.__name__: c for c in classes}

    def dump(self, value: Any) -> str:
        return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))

    def load(self, text: str) -> Any:
        return self._made(json.loads(text))

    def _made(self, value: Any) -> Any:
        match value:
            case list():
                return tuple(self._made(v) for v in value)
            case {"=": "date", "v": str(text)}:
                return date.fromisoformat(text)
            case {"=": "Decimal", "v": str(text)}:
                return Decimal(text)
            case {"=": str(name), "v": text}:
                return self.classes[name](text)
            case {"=": str(name)}:
                return self.classes[name](**{k: self._made(v) for k, v in value.items() if k != KIND})
            case dict():
                return {k: self._made(v) for k, v in value.items()}
            case _:
                return value


def _plain(value: Any) -> Any:
    match value:
        case StrEnum():
            return {KIND: type(value).__name__, "v": value.value}
        case None | str() | int():
            return value
        case Decimal():
            return {KIND: "Decimal", "v": str(value)}
        case date():
            return {KIND: "date", "v": value.isoformat()}
        case tuple():
            return [_plain(v) for v in value]
        case Mapping():
            return {k: _plain(v) for k, v in value.items()}
        case _ if is_dataclass(value):
            said = {KIND: type(value).__name__}
            for name, default in _fields(value.__class__):
                if (v := getattr(value, name)) != default:
                    said[name] = _plain(v)
            return said
    raise TypeError(f"{type(value).__name__} is not stored")


@cache
def _fields(kind: type) -> tuple[tuple[str, Any], ...]:
    """Its fields with their defaults: asked of each class once, for dataclasses answers slowly."""
    return tuple((field.name, _default(field)) for field in fields(kind))


def _default(field: Any) -> Any:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else MISSING
