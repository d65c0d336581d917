"""A plain proxy before several instances: each request goes to the next of them, as nginx without stickiness sends it.

Connections are kept alive on both sides. As nginx does by default, a request that no instance has seen goes to another one,
and one that may have been seen only where it is idempotent (proxy_next_upstream); else the answer is 502.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Thread

from tests.ports import free_port

BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nX-Proxy: cut\r\n\r\n"
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Message:
    """A request or a response: its first line, its headers as they came, and its body."""

    first: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""

    def header(self, name: bytes) -> bytes:
        return next((value for key, value in self.headers if key.lower() == name), b"")

    @property
    def raw(self) -> bytes:
        return b"\r\n".join([self.first, *(key + b": " + value for key, value in self.headers), b"", self.body])

    @property
    def idempotent(self) -> bool:
        return self.first.startswith((b"GET ", b"HEAD ", b"PUT "))


class Cut(Exception):
    """The instance went away; `unseen` where it cannot have read the request."""

    def __init__(self, unseen: bool) -> None:
        super().__init__("cut")
        self.unseen = unseen


@dataclass
class Proxy:
    """Use it as a context. `answered` counts by instance's port and status, 0 for what the proxy itself had to answer."""

    instances: Sequence[int]
    port: int = field(default_factory=free_port)
    answered: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Proxy":
        self.turns = count()
        self.kept: dict[int, list[Stream]] = {port: [] for port in self.instances}
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(asyncio.start_server(self._client, "127.0.0.1", self.port))
        self.thread = Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    async def _close(self) -> None:
        self.server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for _reader, writer in (stream for streams in self.kept.values() for stream in streams):
            writer.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")[0]
        try:
            while (request := await _read(reader)) is not None:
                forwarded = b", ".join(filter(None, (request.header(b"x-forwarded-for"), address.encode())))
                kept = [(key, value) for key, value in request.headers if key.lower() not in (b"x-forwarded-for", b"connection")]
                request.headers = [*kept, (b"X-Forwarded-For", forwarded)]
                writer.write(await self._answer(request))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: Message) -> bytes:
        first = next(self.turns)
        for port in (self.instances[(first + n) % len(self.instances)] for n in range(len(self.instances))):
            try:
                answer = await self._ask(port, request)
            except Cut as cut:
                if cut.unseen or request.idempotent:
                    continue
                break
            self.answered[port, int(answer.first.split()[1])] += 1
            return answer.raw
        self.answered[0, 502] += 1
        return BAD_GATEWAY

    async def _ask(self, port: int, request: Message) -> Message:
        unseen = True
        try:
            reader, writer = await self._connected(port)
            unseen = False
            writer.write(request.raw)
            await writer.drain()
            answer = await _read(reader, headless=request.first.startswith(b"HEAD"))
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Cut(unseen) from error
        if answer is None:
            writer.close()
            raise Cut(unseen=False)
        if answer.header(b"connection").lower() == b"close":
            writer.close()
        else:
            self.kept[port].append((reader, writer))
        answer.headers = [(key, value) for key, value in answer.headers if key.lower() not in (b"connection", b"transfer-encoding")]
        if not answer.header(b"content-length"):
            answer.headers.append((b"Content-Length", str(len(answer.body)).encode()))
        return answer

    async def _connected(self, port: int) -> Stream:
        while self.kept[port]:
            reader, writer = self.kept[port].pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", port)


async def _read(reader: asyncio.StreamReader, headless: bool = False) -> Message | None:
    """None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as ended:
        if ended.partial:
            raise
        return None
    first, *lines = head[:-4].split(b"\r\n")
    message = Message(first, [(key, value.strip()) for key, _, value in (line.partition(b":") for line in lines)])
    if headless or first.startswith((b"HTTP/1.1 204", b"HTTP/1.1 304")):
        return message
    if message.header(b"transfer-encoding").lower() == b"chunked":
        message.body = await _chunks(reader)
    else:
        message.body = await reader.readexactly(int(message.header(b"content-length") or 0))
    return message


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return body
