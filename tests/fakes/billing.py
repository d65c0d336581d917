"""Billing systems for tests: the reference one in a process of its own, and one that misbehaves on demand over real sockets."""

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import uvicorn

from portal.adapters.billing import EmbeddedBilling
from portal.app import open_database
from portal.reference.billing import application
from tests.ports import free_port, wait_until
from tests.servers import PORTAL, environment

KEY = "the-key-of-these-tests-and-of-nothing-else"


class Reference:
    """`portal billing`: kill it and start it again, on the same port and books."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.books = f"sqlite:///{folder}/billing.db"
        self.log = folder / "billing.log"

    def start(self) -> "Reference":
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [PORTAL, "billing", "--port", str(self.port)],
                cwd=self.folder, env=environment({"BILLING_KEY": KEY, "BILLING_DATABASE_URL": self.books}), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        wait_until(self._answers, self.process, self.log)
        return self

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()

    def _answers(self) -> bool:
        try:
            urlopen(f"{self.url}/v1/health", timeout=2)
        except HTTPError as error:
            return error.code == 401
        except (URLError, OSError):
            return False
        return True


class InThread:
    """The same server in this process, which starts and stops at once: nobody listens while it is killed."""

    def __init__(self, books: str) -> None:
        self.books, self.port = books, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.db = open_database(books)
        self.start()

    def start(self) -> None:
        app = application(EmbeddedBilling(self.db), self.db, KEY)
        config = uvicorn.Config(app, port=self.port, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        deadline = time.monotonic() + 60
        while not self.server.started:
            assert time.monotonic() < deadline, "the billing system did not start"
            time.sleep(0.005)

    def kill(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive()

    def close(self) -> None:
        self.kill()
        self.db.close()


Behaviour = Callable[["Peer", socket.socket, str], None]


class Peer:
    """Answers each request as `behaves` says, and counts them. `hold` is for behaviours that wait for the test."""

    def __init__(self, behaves: Behaviour) -> None:
        self.behaves = behaves
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.wires: list[socket.socket] = []  # one a connection
        self.came, self.hold = threading.Event(), threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Whoever still waits for an answer is hung up on."""
        self.hold.set()
        self.listening.close()
        for wire in self.wires:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                wire, _address = self.listening.accept()
                self.wires.append(wire)
                threading.Thread(target=self._serve, args=(wire,), daemon=True).start()

    def _serve(self, wire: socket.socket) -> None:
        with wire, suppress(OSError):
            while head := _head(wire):
                self.heads.append(head)
                self.asked.append(head.split("\r\n", 1)[0])
                self.came.set()
                self.behaves(self, wire, head.split(" ")[1])


def _head(wire: socket.socket) -> str:
    """And the body, which nobody looks at."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = wire.recv(65_536)
        if not more:
            return ""
        data += more
    head, _end, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += wire.recv(65_536)
    return head.decode()


@contextmanager
def peer(behaves: Behaviour) -> Iterator[Peer]:
    made = Peer(behaves)
    try:
        yield made
    finally:
        made.close()


def says(body: Any, status: str = "200 OK", *headers: str, length: int | None = None) -> Behaviour:
    """An answer; `length` is what its Content-Length claims."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content) if length is None else length}", *headers]

    def answer(peer: Peer, wire: socket.socket, target: str) -> None:
        wire.sendall("\r\n".join([*lines, "", ""]).encode() + content)
        if length is not None:
            wire.shutdown(socket.SHUT_RDWR)

    return answer


def hangs(peer: Peer, wire: socket.socket, target: str) -> None:
    peer.hold.wait()


def drips(content: bytes, pause: float = 0.05) -> Behaviour:
    """A byte at a time: each begins the time-out of a socket anew."""

    def answer(peer: Peer, wire: socket.socket, target: str) -> None:
        for byte in content:
            wire.sendall(bytes([byte]))
            if peer.hold.wait(pause):
                return

    return answer


def hangs_up(peer: Peer, wire: socket.socket, target: str) -> None:
    wire.shutdown(socket.SHUT_RDWR)


def account(customer_id: str = "c1", **changed: Any) -> dict[str, Any]:
    """An invoice A of 100.00, open."""
    bill = {"number": "A", "kind": "invoice", "issued": "2026-11-01", "due": "2026-11-28", "currency": "ILS", "total": 10000, "open": 10000}
    return {"customer_id": customer_id, "bills": [bill], "balances": [{"currency": "ILS", "amount": 10000}], "recorded": []} | changed
