"""The example of docs/deploy/nginx.conf, run: two instances behind TLS, real addresses, one of them stopped under way."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.client import Browser
from tests.ports import free_port, wait_until
from tests.processes.instances import RUTH, eventually, identified
from tests.servers import Server

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/deploy/nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(not (NGINX and shutil.which("openssl")), reason="nginx and openssl are not installed on this machine")


@pytest.fixture
def https() -> int:
    return free_port()


@pytest.fixture
def instances(postgresql_demo, serve, https) -> list[Server]:
    return [serve(postgresql_demo, PORTAL_BASE_URL=f"https://127.0.0.1:{https}", PORTAL_TRUSTED_PROXIES="127.0.0.1") for _n in range(2)]


@pytest.fixture
def nginx(instances: list[Server], https: int, tmp_path: Path) -> Iterator[str]:
    """The example with this test's ports and certificate, and a process of its own."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=portal", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True,
    )  # fmt: skip
    text = EXAMPLE.read_text()
    for said, instead in (
        (r"127\.0\.0\.1:8001", f"127.0.0.1:{instances[0].port}"),
        (r"127\.0\.0\.1:8002", f"127.0.0.1:{instances[1].port}"),
        (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
        (r"listen 443 ", f"listen 127.0.0.1:{https} "),
        (r"/etc/letsencrypt/\S+/fullchain.pem", str(tmp_path / "cert.pem")),
        (r"/etc/letsencrypt/\S+/privkey.pem", str(tmp_path / "key.pem")),
        (r"/var/log/nginx/portal.log", str(tmp_path / "access.log")),
    ):
        text, found = re.subn(said, instead, text)
        assert found == 1, said
    (tmp_path / "nginx.conf").write_text(f"daemon off; pid {tmp_path}/pid; error_log stderr; user root;\n{text}")
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([str(NGINX), "-p", tmp_path, "-c", tmp_path / "nginx.conf"], stdout=log, stderr=log)
    url = f"https://127.0.0.1:{https}"
    try:
        wait_until(lambda: answers(url), process, tmp_path / "log")
        yield url
    finally:
        process.terminate()
        process.wait(10)
        print((tmp_path / "log").read_text()[-2000:])


def answers(url: str) -> bool:
    try:
        return httpx2.get(url + "/healthz", verify=False).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.long
def test_the_example_serves_the_main_job_with_real_addresses_and_without_one_of_two(nginx, instances, tmp_path):
    with Browser(nginx, "127.0.1.1", verify=False) as browser:
        assert identified(browser, RUTH, "/actions/last-invoice").heading == "Your last invoice"
        assert all(name.startswith("__Host-") for name in browser.cookies)
        assert httpx2.get(nginx + "/metrics", verify=False, timeout=30).status_code == 404
        assert httpx2.post(nginx + "/identify/phone", content=b"x" * 70_000, verify=False, timeout=30).status_code == 413
        served = {line.split()[-1] for line in (tmp_path / "access.log").read_text().splitlines()}
        assert served >= {f"127.0.0.1:{one.port}" for one in instances}
        instances[0].stop()
        for _each in range(6):
            assert browser.get("/actions/last-invoice").status_code == 200
        instances[0].start()
    statuses = []
    for n in range(31):
        with Browser(nginx, "127.0.1.9", checked=False, verify=False) as other:
            claimed = {"X-Forwarded-For": f"203.0.113.{n}"}
            statuses.append(other.post("/identify/phone", data={"phone": f"05023{57_000 + n}", "next": "/"}, headers=claimed).status_code)
    assert statuses == [200] * 30 + [429], "an address is the one that nginx saw"
    assert eventually(lambda: "/identify" not in (tmp_path / "access.log").read_text()), "no path in the log"
