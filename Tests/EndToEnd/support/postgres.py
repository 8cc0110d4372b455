"""A PostgreSQL server of the tests' own, with fsync, its data in a temporary directory."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from .gateway import free_port

PASSWORD = "pg-s3cret-of-the-tests"


def programs() -> Path | None:
    """Where the newest PostgreSQL on this machine has its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(re.sub(r"\D", "", path.parts[4]) or 0))
    return found[-1].parent if found else None


class PostgreSQL:
    def __init__(self, home: Path, settings: str = ""):
        self.home, self.port, self.settings = home, free_port(), settings
        bin_directory = programs()
        assert bin_directory, "PostgreSQL is missing; scripts/setup --for test installs it"
        self.bin = bin_directory
        home.mkdir(parents=True)
        (home / "password").write_text(PASSWORD)
        # It refuses to run as root.
        self.user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.user:
            shutil.chown(home, "postgres")
            shutil.chown(home / "password", "postgres")
        self._run("initdb", "-D", f"{home}/data", "-U", "purser", "-A", "scram-sha-256", "--pwfile", f"{home}/password", "-E", "UTF8", "--locale", "C")
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        log = self.home.parent / "postgres.log"
        with log.open("ab") as output:
            done = subprocess.run([*self.user, self.bin / program, *arguments], cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        assert done.returncode == 0, log.read_text()

    def start(self) -> None:
        options = f"-p {self.port} -k {self.home} -c listen_addresses=127.0.0.1 {self.settings}"
        self._run("pg_ctl", "start", "-w", "-D", f"{self.home}/data", "-o", options)

    def stop(self) -> None:
        """As if its machine had lost power."""
        self._run("pg_ctl", "stop", "-D", f"{self.home}/data", "-m", "immediate")

    @property
    def url(self) -> str:
        return f"postgres://purser:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def try_query(self, sql: str) -> list[str] | None:
        """`None` while the server is away."""
        try:
            return self.query(sql)
        except subprocess.CalledProcessError:
            return None

    def query(self, sql: str, database: str = "postgres") -> list[str]:
        url = self.url.removesuffix("postgres") + database
        done = subprocess.run([self.bin / "psql", "-XAtq", "-d", url, "-c", sql], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()
