"""Real `portal worker` processes, and messages for them to send."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from portal.core.languages import Language
from portal.core.outbox import Outbox
from portal.core.statements import Database, Statement, now
from portal.core.tables import Outbox as Row
from tests.ports import wait_until
from tests.servers import PORTAL, environment

SHOWN: tuple[Any, ...] = (Row.key, Row.state, Row.owner, Row.attempts, Row.error, (col(Row.due_at) - now()).label("pause_ms"))
ROWS = Statement(select(*SHOWN).order_by(col(Row.id)))


class WorkerProcess:
    def __init__(self, database_url: str, folder: Path, name: str, *arguments: str, **settings: str) -> None:
        self.log = folder / f"worker-{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [PORTAL, "worker", *arguments], cwd=folder, env=environment({"PORTAL_DATABASE_URL": database_url, **settings}),
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: "at work" in self.said(), self.process, self.log)

    def terminate(self) -> None:
        """As systemd does."""
        self.process.terminate()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def put(db: Database, *keys: str, to: str = "+972502345678", **more: Any) -> None:
    """Receipts, of a process that leaves the sending to others."""
    outbox = Outbox(separate=True)
    with db.write() as tx:
        for key in keys:
            outbox.put(tx, "receipt", "sms", to, key=key, language=Language.HE, about={}, **more)


def rows(db: Database) -> dict[str, Any]:
    with db.read() as reader:
        return {row.key: row for row in reader.all(ROWS)}


def states(db: Database) -> list[str]:
    return [row.state for row in rows(db).values()]
