"""The project keeps its shape: who imports whom, how long a file is, and that what is settable is documented."""

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from portal import actions
from portal.channels.web import page
from portal.core import company
from portal.core.languages import Language
from portal.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "portal").rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

# Each layer, and what it may import of ours. Only the composition root and the commands choose.
LAYERS = {
    "core": {"core"},
    "actions": {"core"},
    "adapters": {"core", "adapters"},
    "channels": {"core", "channels"},
    "migrations": {"core", "migrations"},
    "demo": {"core"},
    "reference": {"core", "reference"},
    "settings": set(),
    "paths": set(),
}
CHOOSERS = {"app", "cli"}

# Whoever answers HTTP, and whoever sells something: no business of the core's.
OUTSIDE = {
    "starlette",
    "uvicorn",
    "jinja2",
    "httpx",
    "httpx2",
    "requests",
    "urllib3",
    "twilio",
    "stripe",
    "typst",
    "lxml",
    "psycopg",
    "sqlite3",
}


def test_every_layer_is_known():
    layers = {path.relative_to(ROOT / "portal").parts[0].removesuffix(".py") for path in SOURCES}
    assert layers - {"__init__", "__main__"} == LAYERS.keys() | CHOOSERS


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_what_is_below_it(layer):
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in _files(layer)
        for line, name in _imports(path)
        if name.startswith("portal.") and name.split(".")[1] not in LAYERS[layer]
    ]
    assert wrong == []


def test_the_core_knows_no_http_and_no_vendor():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in _files("core")
        for line, name in _imports(path)
        if name.split(".")[0] in OUTSIDE
    ]
    assert wrong == []


def test_channels_name_no_action():
    slugs = {path.stem.replace("_", "-") for path in _files("actions")} - {"--init--"}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} names {node.value}"
        for path in _files("channels")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in slugs
    ]
    assert slugs
    assert wrong == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path.parent.name != "versions"], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_can_be_read_in_one_go(path):
    assert _lines(path) <= 250


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_can_be_read_in_one_go(path):
    assert _lines(path) <= 80


def test_every_icon_is_drawn_and_each_that_is_drawn_is_shown():
    """They are on every page; one that an action names and nobody drew would be an empty circle."""
    drawn = re.findall(r'<symbol id="i-(\w+)"', (ROOT / "templates" / "parts" / "icons.html").read_text(encoding="utf-8"))
    shown = {name for path in TEMPLATES for name in re.findall(r'href="#i-([a-z]+)"', path.read_text(encoding="utf-8"))}
    ways, _note = page.ways(company.read(ROOT / "portal" / "demo" / "company.toml"), Language.HE, datetime(2026, 11, 22, 9))
    assert sorted(drawn) == sorted(shown | {action.icon for action in actions.found().values()} | {way.kind for way in ways})


def test_every_setting_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [field.validation_alias for field in Settings.model_fields.values()]
    assert "PORTAL_MODE" in names
    assert [name for name in names if f"`{name}`" not in readme] == []


def test_every_document_is_linked_from_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md") if f"({path.relative_to(ROOT)})" not in readme] == []


def test_readme_links_lead_somewhere():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [part.split(")")[0].split("#")[0] for part in readme.split("](")[1:]]
    assert [link for link in links if link and "://" not in link and not (ROOT / link).exists()] == []


def _files(layer: str) -> list[Path]:
    return [path for path in SOURCES if path.relative_to(ROOT / "portal").parts[0].removesuffix(".py") == layer]


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module="portal", names=names):
                yield from ((node.lineno, f"portal.{alias.name}") for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield node.lineno, module
            case ast.ImportFrom(level=level) if level:
                yield node.lineno, "portal.relative"  # say where from
