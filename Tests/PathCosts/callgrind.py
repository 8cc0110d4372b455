"""A release build under valgrind's callgrind, and what its profiles say."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections import Counter
from pathlib import Path

ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"}
#: Libraries whose versions differ from system to system: what they do for themselves is not counted.
FOREIGN = ("libcurl", "libcrypto", "libssl", "libnghttp2", "libsqlite3", "libpq", "libz", "ld-linux")


def profiled(binary: Path, directory: Path) -> Path:
    """A program that serves under callgrind, and does everything else without it."""
    # Without line tables: valgrind of Debian 12 cannot read DWARF 5 as Swift writes it. The symbols stay.
    stripped = directory / "purser"
    subprocess.run(["objcopy", "--strip-debug", str(binary), str(stripped)], check=True)
    program = directory / "purser-under-callgrind"
    options = f"--tool=callgrind --separate-threads=yes --callgrind-out-file={shlex.quote(str(directory / 'profile'))} --log-file={shlex.quote(str(directory / 'valgrind.log'))}"
    run = shlex.quote(str(stripped))
    program.write_text(f'#!/bin/sh\n[ "$1" = serve ] && exec valgrind {options} {run} "$@"\nexec {run} "$@"\n')
    program.chmod(0o755)
    return program


def control(process: int, command: str) -> None:
    """Zeroes (`-z`) or dumps (`-d`) the counters of a process."""
    done = subprocess.run(["callgrind_control", command, str(process)], capture_output=True, text=True, timeout=60)
    if done.returncode or "OK." not in done.stdout:
        raise RuntimeError(f"callgrind_control {command}: {done.stdout}{done.stderr}")


def busiest(directory: Path, number: int) -> tuple[int, int]:
    """Instructions and allocations of the thread that did most, in the dump of that number: the event loop, for there is one."""
    return max(counted(file) for file in directory.glob(f"profile.{number}-*"))


def counted(profile: Path) -> tuple[int, int]:
    """The instructions in the program itself, and its allocations, in one thread's profile (format: valgrind's manual, "Callgrind Format Specification")."""
    names: dict[tuple[str, str], str] = {}

    def name(kind: str, text: str) -> str:
        number, _, given = text.partition(" ")
        if given:
            names[kind, number] = given
        return names[kind, number]

    instructions: Counter[str] = Counter()
    allocations = 0
    library, callee, is_call = "", "", False
    for line in profile.read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "ob":
            library = Path(name("ob", value)).name
        elif key == "cob":
            name("ob", value)
        elif key == "fn":
            name("fn", value)
        elif key == "cfn":
            callee = name("fn", value)
        elif key == "calls":
            is_call = True
            if callee in ALLOCATORS and not library.startswith(FOREIGN):
                allocations += int(value.split()[0])
        elif re.match(r"[+*0-9-]", line):
            # The line after `calls` is the cost of the callee, which is counted where it arises.
            if not is_call:
                instructions[library] += int(line.split()[1])
            is_call = False
    return instructions["purser"], allocations
