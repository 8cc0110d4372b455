"""A wall clock that a test can set: a library that is loaded before the C library's own, and adds what stands in a file."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Seconds to add, in a file that the test writes. */
static int64_t ahead(void) {
    static volatile int64_t *shared;
    if (!shared) {
        int file = open(getenv("CLOCK_FILE"), O_RDONLY | O_CLOEXEC);
        shared = mmap(0, sizeof *shared, PROT_READ, MAP_SHARED, file, 0);
        close(file);
    }
    return *shared;
}
int clock_gettime(clockid_t clock, struct timespec *at) {
    int result = syscall(SYS_clock_gettime, clock, at);
    if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += ahead();
    return result;
}
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
"""


class Clock:
    """The clock of the programs that are started with its `environment`."""

    def __init__(self, home: Path):
        home.mkdir(parents=True, exist_ok=True)
        self.file, library = home / "clock", home / "clock.so"
        self.ahead(0)
        (home / "clock.c").write_text(SOURCE)
        compiler = shutil.which("cc") or shutil.which("clang")
        assert compiler, "a C compiler is missing; Swift's own clang will do"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, home / "clock.c"], check=True)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self.file)}

    def ahead(self, seconds: int) -> None:
        """Sets it to so many seconds ahead of the true time, in one step."""
        with self.file.open("r+b" if self.file.exists() else "wb", buffering=0) as file:
            file.write(struct.pack("=q", seconds))
