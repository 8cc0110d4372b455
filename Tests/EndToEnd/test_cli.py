"""The program on the command line: exit statuses, what goes to stdout, and words that help."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import socket
import sqlite3
from collections.abc import Callable
from decimal import Decimal

import pytest

from support.gateway import Gateway, Site

FINE, NO, USAGE, CANNOT_START = 0, 1, 2, 3


def test_check_good(new_site: Callable[..., Site]) -> None:
    done = new_site().run("check")
    assert done.returncode == FINE
    assert "scripted" in done.stdout


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("kind: opnai", "openai"),
        ("knd: openai", "kind"),
        ("kind: 7", "kind"),
        ("kind: openai, timeouts: {conect: 1s}", "connect"),
        ("kind: openai, timeouts: {idle: soon}", "idle"),
        ("kind: openai, kind: openai", "kind"),
    ],
)
def test_check_bad(new_site: Callable[..., Site], policy_text: str, wrong: str, complaint: str) -> None:
    """File, line, column, the line itself with a caret under the place, and the nearest valid name."""
    site = new_site(policy_text.replace("kind: openai", wrong, 1))
    done = site.run("check")
    assert done.returncode == NO and complaint in done.stderr
    assert re.search(r"e2e\.yaml:2:\d+", done.stderr), done.stderr
    line = next(number for number, text in enumerate(done.stderr.splitlines()) if " | " in text and wrong.split(":")[0] in text)
    assert re.fullmatch(r"[\s|]*\^[\^~]*.*", done.stderr.splitlines()[line + 1]), done.stderr


def test_check_names_both_places_of_a_double(new_site: Callable[..., Site]) -> None:
    site = new_site()
    site.policies.joinpath("more.yaml").write_text("models:\n  scripted/echo: {provider: scripted, price: free}\n")
    done = site.run("check")
    assert done.returncode == NO
    assert "more.yaml:2" in done.stderr and "e2e.yaml" in done.stderr and "scripted/echo" in done.stderr


def test_a_provider_without_its_key_is_off_and_says_so(new_site: Callable[..., Site]) -> None:
    site = new_site()
    del site.environment["E2E_PROVIDER_KEY"]
    done = site.run("check")
    assert done.returncode == FINE and "E2E_PROVIDER_KEY" in done.stdout + done.stderr


def test_usage_errors(new_site: Callable[..., Site]) -> None:
    site = new_site()
    for arguments in (["nonesuch"], ["serve", "--nonesuch"], ["keys", "create"], ["usage", "--format", "xml"], ["serve", "--listen", "nowhere"]):
        done = site.run(*arguments)
        assert (done.returncode, done.stdout) == (USAGE, ""), arguments
        assert done.stderr
    assert site.run("--help").returncode == FINE


def test_cannot_start(new_site: Callable[..., Site], policy_text: str) -> None:
    """Status 3, and what to do about it."""
    site = new_site()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = site.run("serve", "--listen", f"127.0.0.1:{port}")
        assert done.returncode == CANNOT_START and str(port) in done.stderr
    done = site.run("serve", "--certs", str(site.home / "nowhere"))
    assert done.returncode == CANNOT_START and "certs create" in done.stderr
    site.policy_file.write_text(policy_text.replace("kind: openai", "kind: opnai", 1))
    done = site.run("serve", "--listen", "127.0.0.1:0")
    assert done.returncode == CANNOT_START and "opnai" in done.stderr
    site.policy_file.write_text(policy_text)
    done = site.run("serve", "--listen", "127.0.0.1:0", "--store", "sqlite:/proc/nowhere/ledger.db")
    assert done.returncode == CANNOT_START and "/proc/nowhere" in done.stderr


def test_keys(new_site: Callable[..., Site]) -> None:
    site = new_site()
    first = site.new_key("acme/research", "--name", "first", "--models", "scripted/echo,hasty/*", "--expires", "30d")
    second = site.new_key("acme/narrow", "--name", "second")
    assert first != second and min(len(first), len(second)) >= 40
    listing = site.run("keys", "list", check=True).stdout
    lines = {name: next(line for line in listing.splitlines() if name in line) for name in ("first", "second")}
    assert "acme/research" in lines["first"] and "scripted/echo" in lines["first"]
    assert first not in listing and second not in listing
    key_id = lines["first"].split()[0]
    assert site.run("keys", "revoke", key_id).returncode == FINE
    assert site.run("keys", "revoke", "key_nonesuch").returncode == NO


def test_usage_formats(gateway: Gateway, site: Site) -> None:
    reply = gateway.http.chat("scripted/priced", user="accountant, \"the\" 1st")
    lines = [json.loads(line) for line in site.run("usage", "--format", "jsonl", check=True).stdout.splitlines()]
    rows = list(csv.DictReader(io.StringIO(site.run("usage", "--format", "csv", check=True).stdout)))
    in_json = next(line for line in lines if line["request_id"] == reply.request_id)
    in_csv = next(row for row in rows if row["request_id"] == reply.request_id)
    assert in_csv["user"] == in_json["user"] == "accountant, \"the\" 1st"
    assert Decimal(in_csv["cost_usd"]) == Decimal(in_json["cost_usd"]) == Decimal("0.00042")
    table = site.run("usage", check=True).stdout
    assert table.strip() and "\x1b" not in table, "colours in a pipe"


def test_usage_by_model(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(new_site())
    for model, times in {"scripted/priced": 3, "scripted/echo": 2}.items():
        for _ in range(times):
            assert gateway.http.chat(model, metadata={"project": model[-4:]}).status == 200
    for grouping, names in (("model", ("scripted/priced", "scripted/echo")), ("team", ("acme/research",) * 2), ("tag:project", ("iced", "echo"))):
        sums = [json.loads(line) for line in gateway.site.run("usage", "--by", grouping, "--format", "jsonl", check=True).stdout.splitlines()]
        assert sum(Decimal(line["cost_usd"]) for line in sums) == 3 * Decimal("0.00042") + 2 * Decimal("0.00000585")
        assert len(sums) == len(set(names))
        table = gateway.site.run("usage", "--by", grouping, "--since", "1h", check=True).stdout
        assert all(name.split("/")[-1] in table for name in names), table


def test_ledger_verify(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(new_site())
    site = gateway.site
    for _ in range(3):
        assert gateway.http.chat("scripted/priced").status == 200
    assert site.run("ledger", "verify").returncode == FINE, "beside a gateway at work"
    assert site.run("ledger", "refund", "nothing").returncode == CANNOT_START, "the gateway is the one that writes"
    gateway.stop()
    done = site.run("ledger", "verify", "--format", "json")
    report = json.loads(done.stdout)
    assert done.returncode == FINE and report["ok"] and report["records"] == report["checked_costs"] == 3
    refused = site.run("ledger", "refund", "nothing")
    assert refused.returncode == NO and "ledger list --in-doubt" in refused.stderr
    assert site.run("ledger", "list", "--in-doubt", "--format", "jsonl", check=True).stdout == ""
    assert site.run("ledger", "verify", "--format", "yaml").returncode == USAGE
    with contextlib.closing(sqlite3.connect(next(site.home.rglob("ledger.db")))) as database, database:
        database.execute("UPDATE usage_record SET cost_nanos = cost_nanos - 1 WHERE id = 2")
    done = site.run("ledger", "verify", "--format", "json")
    found = {(finding["kind"], finding["record"]) for finding in json.loads(done.stdout)["findings"]}
    assert done.returncode == NO and {("chain", 2), ("cost", 2), ("sum", None)} == found


def test_certs(new_site: Callable[..., Site]) -> None:
    site = new_site()
    assert {path.name for path in site.certs.iterdir()} >= {"ca.pem", "server.pem", "server.key"}
    before = site.ca.read_bytes()
    site.run("certs", "create", "--host", "localhost", "gateway.internal", check=True)
    assert site.ca.read_bytes() == before, "clients trust this CA already; a new leaf must not replace it"
