"""The wheel carries everything: installed elsewhere, it serves from an empty folder."""

import re
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.servers import Server, environment

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("portal", "templates", "static", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, as a release is built from a checkout: nothing that only lies about here gets in."""
    checkout, built = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, checkout / name)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", built], cwd=checkout, check=True, capture_output=True)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The program `portal` of an environment of its own, which borrows our dependencies and nothing else."""
    home = tmp_path_factory.mktemp("elsewhere")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel], check=True)
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return home / "bin" / "portal"


def test_it_has_all_that_is_not_python(wheel):
    names = set(ZipFile(wheel).namelist())
    for folder in ("templates", "static"):
        here = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
        assert here
        assert {f"portal/_packaged/{name}" for name in here} <= names
    data = {str(path.relative_to(ROOT)) for path in (ROOT / "portal").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert data <= names


def test_its_code_is_its_own(installed, tmp_path):
    python = installed.parent / "python"
    said = subprocess.run(
        [python, "-c", "import portal, portal.paths; print(portal.__file__, portal.paths.TEMPLATES)"],
        cwd=tmp_path, env=environment({}), check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert [path for path in said if not path.startswith(str(installed.parents[1]))] == []


def test_from_an_empty_folder_it_checks_itself_and_serves(installed, tmp_path):
    checked = subprocess.run([installed, "check"], cwd=tmp_path, env=environment({}), capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with Server(f"sqlite:///{tmp_path}/var/portal.db", tmp_path, program=installed) as server:
        with urllib.request.urlopen(server.url, timeout=10) as answer:
            page = answer.read().decode()
        assert "<style>" in page
        for script in re.findall(r'<script src="([^"]+)"', page):
            with urllib.request.urlopen(server.url + script, timeout=10) as answer:
                assert answer.status == 200
    migrated = sqlite3.connect(tmp_path / "var" / "portal.db")
    assert migrated.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    migrated.close()
