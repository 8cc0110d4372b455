"""What must not be lost: after kill -9 under load, and when the disk is full, each answer that a client has in full is in the ledger."""

from __future__ import annotations

import http.client
import random
import signal
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from support.gateway import Gateway, Site

ROUNDS, CLIENTS = 10, 6


class Client(threading.Thread):
    """Asks until the gateway dies; keeps the ids of the answers that it has in full."""

    def __init__(self, gateway: Gateway, name: str):
        super().__init__(daemon=True, name=name)
        self.gateway, self.finished = gateway, []

    def run(self) -> None:
        number = 0
        while True:
            number += 1
            request_id, stream = f"{self.name}-{number}", number % 2 == 0
            try:
                reply = self.gateway.http.chat("scripted/priced", stream=stream, headers={"x-request-id": request_id}, timeout=10)
            except (OSError, http.client.HTTPException):
                return
            done = reply.body.endswith(b"data: [DONE]\n\n") if stream else reply.complete
            if reply.status != 200 or not done:
                return
            self.finished.append(request_id)


def test_no_answered_request_is_lost(new_site: Callable[..., Site]) -> None:
    site = new_site()
    key, finished = site.new_key(), []
    for round_number in range(ROUNDS):
        gateway = Gateway(site, key)
        clients = [Client(gateway, f"kill-{round_number}-{number}") for number in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(0.4 + random.random() * 0.4)
        gateway.signal(signal.SIGKILL)
        gateway.process.wait(5)
        for client in clients:
            client.join(15)
            finished += client.finished
    assert len(finished) > ROUNDS * CLIENTS, "there was no load to speak of"

    records = {record["request_id"]: record for record in site.records()}
    lost = [request_id for request_id in finished if request_id not in records]
    assert not lost, f"{len(lost)} of {len(finished)} answers have no record: {lost[:5]}"
    assert all(Decimal(records[request_id]["cost_usd"]) == Decimal("0.00042") for request_id in finished)

    survivor = Gateway(site, key)
    assert survivor.http.chat("scripted/echo").status == 200
    survivor.stop()


@contextmanager
def small_disk(at: Path) -> Iterator[None]:
    """A file system with room for the journals of all loops (16 MiB each) and 4 MiB more."""
    size = 16 * len(os.sched_getaffinity(0)) + 4
    at.mkdir(mode=0o700, exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m,mode=0700", "tmpfs", str(at)], capture_output=True).returncode != 0:
        pytest.skip("mounting takes root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def test_a_full_disk_sells_nothing_and_recovers(new_site: Callable[..., Site]) -> None:
    site = new_site()
    with small_disk(site.state):
        gateway = Gateway(site)
        assert gateway.http.chat("scripted/echo").status == 200
        filler = site.state / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while file.write(b"f" * 4096):
                pass

        answered, refused = [], None
        deadline = time.monotonic() + 20
        while refused is None and time.monotonic() < deadline:
            began = time.monotonic()
            reply = gateway.http.chat("scripted/echo", "x" * 2000)
            assert time.monotonic() - began < 3
            if reply.status == 200:
                answered.append(reply.request_id)
            else:
                refused = reply
        assert refused is not None and (refused.status, refused.code) == (503, "storage_unavailable"), refused
        assert gateway.anonymous.get("/healthz").status == 200 and gateway.anonymous.get("/readyz").status == 503

        filler.unlink()
        deadline = time.monotonic() + 60
        while (reply := gateway.http.chat("scripted/echo")).status != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert reply.status == 200, "it did not recover by itself"
        gateway.stop()
        known = {record["request_id"] for record in site.records()}
        assert {*answered, reply.request_id} <= known
