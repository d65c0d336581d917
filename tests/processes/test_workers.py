"""`portal serve --workers N`: N processes on one port, each replaced, all stopped without losing what is being answered."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx2
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.client import Browser
from tests.databases import quick_on_sqlite
from tests.processes.instances import RUTH, eventually, identified
from tests.servers import PORTAL, Server, command, environment

PHONE = b"phone=0502349999&next=%2F"
ASKING = (
    b"POST /identify/phone HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nConnection: keep-alive\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(PHONE)
)


@pytest.fixture
def three(demo_url: str, tmp_path, serve: Callable[..., Server]) -> Server:
    server = serve(demo_url, workers=3)
    eventually(lambda: len(memory(server)) == 3)
    return server


def figures(server: Server, name: str) -> dict[tuple[str, ...], float]:
    """Of a figure: its values by their labels'."""
    text = httpx2.get(f"http://127.0.0.1:{server.port}/metrics", timeout=30).text
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def memory(server: Server) -> dict[tuple[str, ...], float]:
    """Of each process, by its pid."""
    return figures(server, "portal_process_memory_bytes")


def ask_homes(server: Server, count: int) -> None:
    """Each on a connection of its own, so that they spread."""

    def home(_n: int) -> None:
        assert httpx2.get(f"http://127.0.0.1:{server.port}/", timeout=30).status_code == 200

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(home, range(count)))


@quick_on_sqlite
def test_a_killed_process_is_replaced_and_nobody_loses_a_visit_or_a_count(three):
    before = memory(three)
    assert all(40e6 < value < 250e6 for value in before.values())
    ask_homes(three, 60)
    assert figures(three, "portal_pages_total")["home", "200"] == 60
    with Browser(three.url) as browser:
        identified(browser, RUTH)
        counted = figures(three, "portal_pages_total")
        killed = int(next(iter(before))[0])
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: len(memory(three)) == 3 and (str(killed),) not in memory(three))
        for _each in range(6):
            with Browser(three.url) as another:
                another.cookies.update(browser.cookies)
                assert another.open("/actions/last-invoice").heading == "Your last invoice"
    assert (str(killed),) not in figures(three, "portal_process_start_time_seconds")
    assert figures(three, "portal_pages_total")["home", "200"] == counted["home", "200"] >= 60, "what the dead one had counted stays"
    assert three.said().count("a serving process ended") == 1
    assert three.said().count("The portal is at") == 1


@quick_on_sqlite
def test_sigterm_ends_all_and_what_is_being_answered_is_answered(three):
    httpx2.post(f"{three.url}/identify/phone", data={"unasked": "x"}, headers={"Sec-Fetch-Site": "same-origin"}, timeout=30)
    open_requests = [socket.create_connection(("127.0.0.1", three.port), timeout=15) for _n in range(8)]
    for connection in open_requests:
        connection.sendall(ASKING + PHONE[:5])
    children = psutil.Process(three.process.pid).children(recursive=True)
    eventually(lambda: in_hand(three.port) >= 8)
    three.process.terminate()
    eventually(lambda: not accepts(three.port))
    for connection in open_requests:
        connection.sendall(PHONE[5:])
    answers = [connection.recv(100).split(b"\r\n")[0] for connection in open_requests]
    assert answers == [b"HTTP/1.1 200 OK"] * 8
    for connection in open_requests:
        connection.close()
    assert three.process.wait(12) == 0
    eventually(lambda: not any(child.is_running() for child in children))
    assert three.said().count("form refused") == 1, "a line is written once"
    assert "Traceback" not in three.said()


def in_hand(port: int) -> int:
    """Connections that a process has taken, and with nothing left unread."""
    found = psutil.net_connections("tcp")
    return sum(one.laddr.port == port and one.status == "ESTABLISHED" and one.pid is not None for one in found)


def accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


def test_no_process_outlives_the_one_that_started_it(sqlite_demo, serve):
    server = serve(sqlite_demo, workers=2)
    os.kill(server.process.pid, signal.SIGKILL)
    eventually(lambda: not accepts(server.port))


def test_what_is_wrong_is_said_once_and_not_by_each_process(tmp_path):
    ended = command("serve", "--workers", "3", "--port", "0", folder=tmp_path, PORTAL_MODE="live")
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert "PORTAL_SECRET_KEYS" in line


def test_a_port_that_is_taken_is_said_once(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = subprocess.run(
            [PORTAL, "serve", "--workers", "2", "--port", str(taken.getsockname()[1])], cwd=tmp_path, check=False,
            env=environment({"PORTAL_DATABASE_URL": f"sqlite:///{tmp_path}/portal.db"}), capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert ended.returncode != 0
    assert len(ended.stderr.splitlines()) == 1
    assert "Address already in use" in ended.stderr
    assert ended.stdout == ""
