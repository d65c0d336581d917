"""The browser of the browser tests: one that is there, or one that can be installed. `python -m tests.browser`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

MISSING = """No browser for the tests was found, and none could be installed. One of these will do:
  - Debian or Ubuntu: apt-get install chromium fonts-noto-core
  - any Chromium or Google Chrome on the PATH
  - .venv/bin/playwright install --with-deps chromium
then run this again."""

# In a container there is no user namespace for the sandbox and little shared memory; and a test asks nothing of the internet.
FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find() -> str | None:
    """The path of a Chromium, or None."""
    on_path = next((path for name in NAMES if (path := shutil.which(name))), None)
    return on_path or _playwrights_own()


def launch_args() -> dict[str, object]:
    return {"executable_path": find(), "args": list(FLAGS)}


def install() -> None:
    if subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode == 0:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-q", "update"], env=environment, check=False)
        subprocess.run(
            ["apt-get", "-qy", "install", "--no-install-recommends", "chromium", "fonts-noto-core"], env=environment, check=False
        )


def _playwrights_own() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    if not find():
        install()
    if not find():
        sys.exit(MISSING)
    print(f"browser: {find()}")
