"""The gateway as its users meet it: a program, a directory of files and a port."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

from .http import Client, Reply
from .policies import FILE_KEY, PROVIDER_KEY

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("PURSER_BIN", ROOT / ".build/release/purser")).resolve()

#: What no healthy program writes to its log.
CRASH_MARKS = ("Fatal error", "Crash:", "*** ", "AddressSanitizer", "ThreadSanitizer", "Thread 0 crashed", "SWIFT TASK CONTINUATION MISUSE")


_given: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, and that was not given before: the kernel may name one twice until somebody listens there."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


class Site:
    """A directory with policies, certificates and state, and the environment that points `purser` at them."""

    def __init__(self, home: Path, policies: str, host: str = "localhost"):
        self.home, self.host = home, host
        self.policies, self.certs, self.state = home / "policies", home / "certs", home / "state"
        self.policies.mkdir(parents=True)
        self.policy_file = self.policies / "e2e.yaml"
        self.policy_file.write_text(policies)
        self.secrets = [PROVIDER_KEY, FILE_KEY]
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "E2E_PROVIDER_KEY": PROVIDER_KEY,
            "PURSER_POLICIES": str(self.policies),
            "PURSER_CERTS": str(self.certs),
            "PURSER_STATE": str(self.state),
            "PURSER_STORE": f"sqlite:{self.state}/ledger.db",
            "PURSER_ADMIN": f"127.0.0.1:{free_port()}",
            "SWIFT_BACKTRACE": "enable=no",
        }
        self.run("certs", "create", "--host", host, check=True)
        self.ca = self.certs / "ca.pem"

    def run(self, *arguments: str, check: bool = False, **more: Any) -> subprocess.CompletedProcess[str]:
        """Runs `purser` to its end."""
        environment = {**self.environment, **more.pop("environment", {})}
        done = subprocess.run([BINARY, *arguments], env=environment, cwd=self.home, capture_output=True, text=True, timeout=60, **more)
        assert not check or done.returncode == 0, f"purser {' '.join(arguments)} → {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def new_key(self, team: str = "acme/research", *arguments: str) -> str:
        """A new key through the command line."""
        key = self.run("keys", "create", "--team", team, *arguments, check=True).stdout.strip()
        assert key and not any(character.isspace() for character in key), f"not a key alone: {key!r}"
        self.secrets.append(key)
        return key

    def records(self, **fields: Any) -> list[dict[str, Any]]:
        """The ledger's usage records with these values, oldest first."""
        lines = self.run("usage", "--format", "jsonl", check=True).stdout.splitlines()
        return [record for record in map(json.loads, lines) if all(record[name] == value for name, value in fields.items())]

    def record(self, reply: Reply | str, seconds: float = 60) -> dict[str, Any]:
        """The one record of an answer. A finished answer's is there at once; `seconds` is for those that were cut."""
        request_id = reply if isinstance(reply, str) else reply.request_id
        deadline = time.monotonic() + seconds
        while not (found := self.records(request_id=request_id)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(found) == 1, f"{len(found)} records of {request_id}"
        return found[0]

    def trust(self) -> ssl.SSLContext:
        """Verification by our CA and nothing else, as strict as Python can."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context


class Gateway:
    """A running `purser serve`."""

    def __init__(self, site: Site, key: str | None = None, plain: bool = False, log_name: str = "serve.log", **environment: str):
        self.site, self.port, self.plain = site, free_port(), plain
        self.key = key or site.new_key()
        self.log_path = site.home / log_name
        self.expect_clean_exit = True
        listen = f"http://127.0.0.1:{self.port}" if plain else f"127.0.0.1:{self.port}"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--listen", listen], env={**site.environment, **environment}, cwd=site.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.host = "127.0.0.1" if plain else site.host
        self.url = f"{'http' if plain else 'https'}://{self.host}:{self.port}"
        self.http = self.client(self.key)
        self.anonymous = self.client(None)
        self._wait_until_ready()

    def client(self, key: str | None) -> Client:
        return Client(self.host, self.port, key, None if self.plain else self.site.trust())

    def admin(self) -> Client:
        """A client of the admin listener, with its key."""
        host, _, port = self.site.environment["PURSER_ADMIN"].rpartition(":")
        return Client(self.site.host, int(port), (self.site.state / "admin-key").read_text().strip(), self.site.trust())

    def why_not(self) -> str:
        """Why the policies on disk are not in force, as the admin listener tells it; empty when they are."""
        return self.admin().get("/admin/v1/status").json().get("policies_error", "")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, f"purser serve ended with {self.process.returncode}:\n{self.log()}"
            try:
                if self.anonymous.get("/readyz").status == 200:
                    return
            except OSError:
                pass
            assert time.monotonic() < deadline, f"not ready after 20 s:\n{self.log()}"
            time.sleep(0.02)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_bytes(self) -> int:
        """The peak since the start."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self, seconds: float = 40) -> None:
        """Ends it by SIGTERM, unless it has ended, and checks what a run leaves behind."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"still running {seconds} s after SIGTERM:\n{self.log()[-2000:]}") from None
        assert not self.expect_clean_exit or status == 0, f"exit status {status}:\n{self.log()[-2000:]}"
        for mark in CRASH_MARKS:
            assert mark not in self.log(), f"{mark!r} in the log:\n{self.log()[-4000:]}"
        for line in self.log().splitlines():
            assert line.startswith("{") and json.loads(line).keys() >= {"time", "level", "message"}, f"no log line: {line!r}"
        self.assert_no_secret_written()

    def assert_no_secret_written(self) -> None:
        """No key in the log or in any file of the site but the policies."""
        for path in self.site.home.rglob("*"):
            if path.is_file() and self.site.policies not in path.parents:
                data = path.read_bytes()
                for secret in self.site.secrets:
                    assert secret.encode() not in data, f"{secret[:12]}… stands in {path.relative_to(self.site.home)}"
