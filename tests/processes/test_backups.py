"""A copy made while the portal runs is restored elsewhere, and a customer goes on in the visit they had (docs/deploy.md)."""

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests import postgres
from tests.client import Browser
from tests.databases import quick_on_sqlite
from tests.processes.instances import RUTH, decide, eventually, identified, to_provider
from tests.servers import command


def copy(url: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """As docs/deploy.md says."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as live, sqlite3.connect(folder / "copy.db") as copied:
            live.backup(copied)  # what the sqlite3 shell's .backup does
        return f"sqlite:///{folder}/copy.db"
    server = request.getfixturevalue("postgres_server")
    programs = postgres.programs()
    if not (shutil.which("pg_dump") or (programs / "pg_dump").exists()):
        pytest.skip("pg_dump is not among the PostgreSQL programs of this machine")
    subprocess.run([programs / "pg_dump", "--format=custom", f"--file={folder}/portal.dump", url], check=True)
    postgres.drop(server, "restored")
    restored = postgres.clone(server, "template0", "restored")
    subprocess.run([programs / "pg_restore", "--exit-on-error", f"--dbname={restored}", folder / "portal.dump"], check=True)
    return restored


@quick_on_sqlite
def test_a_copy_of_the_running_database_is_the_portal(demo_url, serve, tmp_path, request):
    server = serve(demo_url)
    with Browser(server.url) as browser:
        identified(browser, RUTH)
        back = decide(browser, to_provider(browser)).headers["location"]
        eventually(lambda: browser.open(back).has("receipt"))
        restored = copy(demo_url, tmp_path, request)
        checked = command("check", folder=tmp_path, PORTAL_DATABASE_URL=restored)
        assert checked.returncode == 0, checked.stdout
        with Browser(serve(restored).url) as another:
            another.cookies.update(browser.cookies)
            assert another.open("/actions/pay-balance").heading == "You owe nothing"
