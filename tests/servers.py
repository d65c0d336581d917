"""Real `portal` processes: `portal seed`, `portal serve`, on free ports, with a log."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError, URLError

from portal.settings import Settings
from tests.ports import free_port, wait_until

PORTAL = Path(sys.executable).parent / "portal"


def ours(name: str) -> bool:
    """A setting of the portal's. The flows' own BASE_URL counts: a setting is found by the name of its field, too."""
    return name.startswith(("PORTAL_", "TWILIO_", "STRIPE_")) or name.lower() in Settings.model_fields


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The machine's, without settings that somebody has at hand, and with these."""
    return {k: v for k, v in os.environ.items() if not ours(k)} | dict(settings)


def command(*arguments: str, folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """`portal ARGUMENTS`, to its end. Run in a folder of its own, for a `.env` in the current one would be read."""
    return subprocess.run(
        [PORTAL, *arguments], cwd=folder, env=environment(settings), capture_output=True, text=True, timeout=120, check=False
    )


class Server:
    """`portal serve` in a process of its own. Use it as a context; kill -9 with `kill()`, start again with `start()`."""

    def __init__(
        self, database_url: str, folder: Path, workers: int = 1, port: int = 0, program: Path = PORTAL, with_worker: bool = True,
        **settings: str,
    ) -> None:  # fmt: skip
        self.port, self.program = port or free_port(), program
        self.options = () if with_worker else ("--no-worker",)
        self.url = settings.get("PORTAL_BASE_URL", f"http://127.0.0.1:{self.port}")
        self.folder, self.workers = folder, workers
        self.log = folder / f"serve-{self.port}.log"
        self.settings = {"PORTAL_DATABASE_URL": database_url, "PORTAL_BASE_URL": self.url, **settings}

    def start(self) -> "Server":
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "--host", "127.0.0.1", "--port", str(self.port), "--workers", str(self.workers), *self.options],
                cwd=self.folder, env=environment(self.settings), stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_until(self.answers, self.process, self.log)
        return self

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as response:
                return bool(response.status == 200)
        except HTTPError:
            return True
        except (URLError, OSError):
            return False

    def stop(self, seconds: float = 10) -> None:
        """As an operator stops it; killed where that takes too long."""
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9 to it and its workers: nothing is finished, nothing is closed."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *failure: object) -> None:
        self.stop()
