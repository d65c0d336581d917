"""Where the pages' templates and static files are (inside the installed package, or at the root of a checkout), and the demo company."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
PACKAGED = PACKAGE / "_packaged"
ROOT = PACKAGED if PACKAGED.is_dir() else PACKAGE.parent

TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
DEMO = PACKAGE / "demo" / "company.toml"
