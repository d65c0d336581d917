"""A mail server over a real socket: it keeps the letters it takes, and answers a command otherwise where it is told to."""

import ssl
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

HELLO = "EHLO"
ANSWERS = {"QUIT": "221 bye", "DATA": "354 go on", "AUTH": "235 welcome", "STARTTLS": "220 go on", "": "220 fake", ".": "250 taken"}
DRIP_SECONDS = 0.05


class Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class FakeSmtp:
    """`says`: other answers, by command; "" is the greeting, "." the letter's end. `drips`: the command whose answer comes byte by byte.
    `certificate`: with one it offers STARTTLS, or begins with TLS as smtps."""

    def __init__(
        self, says: dict[str, str] | None = None, drips: str | None = None, certificate: Path | None = None, scheme: str = "smtp"
    ) -> None:
        self.scheme = scheme
        self.answers, self.drips = ANSWERS | (says or {}), drips
        self.letters: list[EmailMessage] = []
        self.heard: list[str] = []
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate)
        fake = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                fake.serve(self)
                self.connection.close()  # not the one that was accepted, where TLS began on it

        self.server = Server(("127.0.0.1", 0), Handler)

    def __enter__(self) -> "FakeSmtp":
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def url(self, user: str = "", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{user and user + '@'}{host}:{self.server.server_address[1]}"

    def serve(self, peer: Any) -> None:
        try:
            if self.scheme == "smtps":
                self._encrypt(peer)
            self._say(peer, "")
            while line := peer.rfile.readline():
                verb = line.decode().split()[0].upper()
                self.heard.append(verb)
                self._do(peer, verb)
        except OSError:
            """Whoever sent has left."""

    def _do(self, peer: Any, verb: str) -> None:
        self._say(peer, verb)
        if verb == "STARTTLS":
            self._encrypt(peer)
        if verb == "DATA" and self.answers["DATA"].startswith("354"):
            self._take(peer)

    def _encrypt(self, peer: Any) -> None:
        assert self.tls
        peer.connection = self.tls.wrap_socket(peer.connection, server_side=True)
        peer.rfile, peer.wfile = peer.connection.makefile("rb"), peer.connection.makefile("wb", 0)

    def _take(self, peer: Any) -> None:
        lines = []
        while (line := peer.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if self.answers["."].startswith("250"):
            self.letters.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self._say(peer, ".")

    def _say(self, peer: Any, verb: str) -> None:
        hello = "250-fake\r\n" + ("250-STARTTLS\r\n" if self.tls else "") + "250 AUTH PLAIN"
        words = self.answers.get(verb, hello if verb == HELLO else "250 OK")
        said = f"{words}\r\n".encode()
        if verb != self.drips:
            peer.wfile.write(said)
            return
        for byte in said:
            peer.wfile.write(bytes((byte,)))
            threading.Event().wait(DRIP_SECONDS)
