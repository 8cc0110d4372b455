"""Ledgers that cannot be used: a clear error each, and nothing sold that could not be counted."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.budgets import ask, limits, policy, recorded
from support.gateway import Gateway, Site
from support.metered import MeteredProvider
from test_crash import small_disk

def damaged(ledger: Path) -> None:
    data = bytearray(ledger.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 200] = b"\xff" * 200
    ledger.write_bytes(data)


def of_a_newer_version(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as database, database:
        database.execute("PRAGMA user_version = 99")


def of_another_program(ledger: Path) -> None:
    ledger.unlink()
    with closing(sqlite3.connect(ledger)) as database, database:
        database.execute("CREATE TABLE cats (name)")


UNUSABLE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "corrupt": (damaged, "damaged"),
    "of a newer version": (of_a_newer_version, "use a newer purser"),
    "not a database": (lambda ledger: ledger.write_bytes(b"not a database at all\n" * 1000), "damaged or not a database"),
    "another program's": (of_another_program, "ledger.db"),
    "a directory": (lambda ledger: (ledger.unlink(), ledger.mkdir()), "ledger.db"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_ledger_that_cannot_be_used_is_told_and_left_alone(budgeted: Callable[..., Gateway], what: str) -> None:
    gateway = budgeted()
    assert ask(gateway.http).status == 200
    gateway.stop()
    site = gateway.site
    ledger = site.state / "ledger.db"
    for more in ("-wal", "-shm"):
        ledger.with_name(ledger.name + more).unlink(missing_ok=True)
    spoil, says = UNUSABLE[what]
    spoil(ledger)
    before = ledger.read_bytes() if ledger.is_file() else None
    for command in (["serve", "--listen", "http://127.0.0.1:0"], ["budgets"], ["usage"], ["ledger", "verify"]):
        done = site.run(*command)
        assert done.returncode == 3 and says in done.stderr and str(ledger) in done.stderr and "Fatal" not in done.stderr, (command, done)
    assert before is None or ledger.read_bytes() == before


def test_a_ledger_has_one_gateway(budgeted: Callable[..., Gateway]) -> None:
    gateway = budgeted()
    done = gateway.site.run("serve", "--listen", "http://127.0.0.1:0", "--admin", "off")
    assert done.returncode == 3 and "ledger.db" in done.stderr and ask(gateway.http).status == 200


def test_a_locked_ledger_loses_nothing_and_allows_nothing_more(budgeted: Callable[..., Gateway]) -> None:
    """Another program locks the database: what is sold meanwhile is in the journal and counts; nothing is forgotten when the lock goes."""
    gateway = budgeted("limits: [{usd: 0.05, per: total}]")
    replies = []
    with closing(sqlite3.connect(gateway.site.state / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            began = time.monotonic()
            replies.append(ask(gateway.http, do={"output": 7}))
            assert time.monotonic() - began < 3
            time.sleep(0.1)
        other.execute("ROLLBACK")
    assert {(reply.status, reply.code if reply.status != 200 else None) for reply in replies} <= {(200, None), (402, "budget_exceeded"), (503, "storage_unavailable")}
    deadline = time.monotonic() + 60
    while ask(gateway.http).status == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    known = {record["request_id"] for record in gateway.site.records()}
    assert {reply.request_id for reply in replies if reply.status == 200} <= known
    assert recorded(gateway.site) <= Decimal("0.05") and gateway.site.run("ledger", "verify").returncode == 0


def test_a_read_only_ledger_is_told_and_can_be_read(tmp_path: Path, metered: MeteredProvider) -> None:
    site = Site(tmp_path / "site", policy(metered.url))
    with small_disk(site.state):
        gateway = Gateway(site)
        assert ask(gateway.http).status == 200
        gateway.stop()
        remount(site.state, "ro")
        done = site.run("serve", "--listen", "http://127.0.0.1:0", "--admin", "off")
        assert done.returncode == 3 and str(site.state) in done.stderr and "ead-only" in done.stderr, done
        remount(site.state, "rw")
        gateway = Gateway(site, gateway.key)
        assert ask(gateway.http).status == 200 and Decimal(limits(site)["acme/research", None, "usd"]["spent"]) == Decimal("0.014")
        gateway.stop()


def remount(path: Path, mode: str) -> None:
    done = subprocess.run(["mount", "-o", f"remount,{mode}", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
