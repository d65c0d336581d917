"""F8: power lost on SQLite. Whatever was acknowledged stands, though nothing survives that was not fsynced, or only bits of it.

A shim in front of fsync copies the file, as it is when the call returns, to a folder that stands for the disk: what the process had
written and not fsynced when it was killed is not there. A disk may also have kept some of that, in any order: the second test mixes in
blocks of the files as the dead process left them. Not modelled: a disk that acknowledges a flush and does not do it.
"""

import random
import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path

import httpx2
import pytest
from sqlmodel import select

from portal.app import open_database
from portal.core.keys import fingerprint
from portal.core.statements import Statement
from portal.core.tables import Challenge, Outbox
from tests.faults import clock
from tests.security.visitors import ask, browser
from tests.servers import Server

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static void keep(int fd) {
    char link[64], path[4096], part[4200], kept[4200], block[65536];
    const char *database = getenv("DATABASE"), *disk = getenv("DISK");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!database || !disk || length < 0) return;
    path[length] = 0;
    if (strncmp(path, database, strlen(database))) return;
    pthread_mutex_lock(&one_at_a_time);
    snprintf(kept, sizeof kept, "%s%s", disk, strrchr(path, '/'));
    snprintf(part, sizeof part, "%s.part", kept);
    int copy = open(part, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    off_t at = 0;
    /* By the same descriptor: to close another one would drop SQLite's locks. */
    while ((length = pread(fd, block, sizeof block, at)) > 0) at += write(copy, block, length);
    close(copy);
    rename(part, kept);
    pthread_mutex_unlock(&one_at_a_time);
}
static int synced(int fd, const char *name) {
    int (*real)(int) = dlsym(RTLD_NEXT, name);
    int failed = real(fd);
    if (!failed) keep(fd);
    return failed;
}
int fsync(int fd) { return synced(fd, "fsync"); }
int fdatasync(int fd) { return synced(fd, "fdatasync"); }
"""
BLOCK = 4096
ACKNOWLEDGED = 150

pytestmark = pytest.mark.skipif(not clock.CAN_BE_BUILT, reason=clock.WHY_NOT)


@pytest.fixture(scope="module")
def power_lost(sqlite_templates, tmp_path_factory):
    """The cookies of codes that were acknowledged; the database as the disk has it; and as the dead process left it."""
    folder = tmp_path_factory.mktemp("power")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", folder / "shim.so", folder / "shim.c", "-ldl"], check=True)
    with sqlite_templates.copy("demo") as url:
        left, disk = Path(url.removeprefix("sqlite:///")), folder / "disk"
        disk.mkdir()
        shutil.copy(left, disk)
        server = Server(
            url, folder, PORTAL_LIMITS="load", PORTAL_TRUSTED_PROXIES="127.0.0.1",
            LD_PRELOAD=str(folder / "shim.so"), DATABASE=str(left), DISK=str(disk),
        ).start()  # fmt: skip
        acknowledged = written_until_killed(server)
        print(server.said()[-2000:])
        yield acknowledged, disk, left.parent


def written_until_killed(server):
    """By eight people at a time, in the middle of whose requests the process dies."""
    acknowledged: list[str] = []
    enough = threading.Event()

    def person(n):
        with browser(server) as client:
            for turn in range(10_000):
                client.cookies.clear()
                try:
                    told = ask(client, f"+97250{n}{turn:06}")
                except httpx2.HTTPError:
                    return
                acknowledged.append(told.cookies["code"])
                if len(acknowledged) >= ACKNOWLEDGED:
                    enough.set()

    people = [threading.Thread(target=person, args=(n,)) for n in range(2, 10)]
    for one in people:
        one.start()
    assert enough.wait(60)
    server.kill()
    for one in people:
        one.join(30)
    return acknowledged


def missing(folder, acknowledged):
    """Those of the acknowledged that the database in this folder does not know."""
    path = folder / "portal.db"
    with sqlite3.connect(path) as checked:
        assert checked.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    checked.close()
    db = open_database(f"sqlite:///{path}")
    with db.read() as reader:
        kept = {row.browser for row in reader.all(Statement(select(Challenge.browser)))}
        queued = {row.key.split(":")[1] for row in reader.all(Statement(select(Outbox.key)))}
        ids = {row.id for row in reader.all(Statement(select(Challenge.id)))}
    db.close()
    assert ids == queued, "each with its message, or neither"
    return [cookie for cookie in acknowledged if fingerprint(cookie) not in kept]


def test_what_was_acknowledged_stands_where_nothing_survived_that_was_not_fsynced(power_lost, tmp_path):
    acknowledged, disk, _left = power_lost
    assert len(acknowledged) >= ACKNOWLEDGED
    shutil.copytree(disk, tmp_path / "disk")
    assert missing(tmp_path / "disk", acknowledged) == []


@pytest.mark.parametrize("seed", range(5))
def test_it_stands_where_some_of_what_was_not_fsynced_survived(power_lost, tmp_path, seed):
    acknowledged, disk, left = power_lost
    some = random.Random(seed)
    for name in ("portal.db", "portal.db-wal"):
        fsynced, written = (disk / name).read_bytes(), (left / name).read_bytes()
        (tmp_path / name).write_bytes(mixed(fsynced, written, some))
    assert missing(tmp_path, acknowledged) == []


def mixed(fsynced, written, some):
    """Each block as it was fsynced, or as it was written since."""
    end = max(len(fsynced), len(written))
    blocks = ((fsynced[at : at + BLOCK], written[at : at + BLOCK]) for at in range(0, end, BLOCK))
    return b"".join(new if new and (not old or some.random() < 0.5) else old for old, new in blocks)
