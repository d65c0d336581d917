"""The quick actions, one file each. A file dropped in here is an action on every channel."""

import inspect
from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from portal.core.case import Action


def found() -> Mapping[str, Action]:
    """Every action of this folder by its slug, in the order of their RANK on the home page."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return {module.SLUG: _action(module) for module in sorted(modules, key=lambda module: module.RANK)}


def _action(module: ModuleType) -> Action:
    functions = inspect.getmembers(module, inspect.isfunction)
    own = {name: f for name, f in functions if f.__module__ == module.__name__ and not name.startswith("_")}
    guessed = frozenset(getattr(module, "GUESSED", ()))
    return Action(module.SLUG, module.TITLE, module.HINT, module.ICON, module.PROOF, module.PHRASES, own, guessed)
