"""A process that believes in another hour: whatever it asks of its own clock, but SQLite's, which stands for the database's."""

import shutil
import subprocess
from pathlib import Path

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
static int (*real)(clockid_t, struct timespec *);
/* Who asks, by the library its code is in. */
static int database(void *caller) {
    Dl_info info;
    return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "sqlite3");
}
static int shifted(clockid_t id, struct timespec *ts, int shift) {
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(id, ts);
    if (!done && shift && id == CLOCK_REALTIME) ts->tv_sec += (OFFSET);
    return done;
}
int clock_gettime(clockid_t id, struct timespec *ts) {
    return shifted(id, ts, !database(__builtin_return_address(0)));
}
int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
    struct timespec ts;
    int done = shifted(CLOCK_REALTIME, &ts, !database(__builtin_return_address(0)));
    if (tv) { tv->tv_sec = ts.tv_sec; tv->tv_usec = ts.tv_nsec / 1000; }
    return done;
}
time_t time(time_t *at) {
    struct timespec ts;
    shifted(CLOCK_REALTIME, &ts, !database(__builtin_return_address(0)));
    if (at) *at = ts.tv_sec;
    return ts.tv_sec;
}
"""

CAN_BE_BUILT = bool(shutil.which("cc")) and Path("/proc").exists()
WHY_NOT = "a process with another clock needs a C compiler and Linux"


def off_by(hours: int, folder: Path) -> dict[str, str]:
    """What to start it with."""
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(SHIM.replace("OFFSET", str(hours * 3600)))
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}
