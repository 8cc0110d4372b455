"""The admin listener: its own address, its own key, and nothing of it on the public one. And what limits tell by themselves: webhooks."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.gateway import BINARY, Gateway, Site, free_port
from support.http import Client
from support.policies import FILE_KEY
from support.scripted import ScriptedProvider

ENDPOINTS = [("GET", "/admin/v1/budgets", None), ("POST", "/admin/v1/reload", None), ("POST", "/admin/v1/ledger/refund", {"id": "req_x"})]


def admin_client(gateway: Gateway, key: str | None, host: str = "localhost") -> Client:
    port = int(gateway.site.environment["PURSER_ADMIN"].rpartition(":")[2])
    return Client(host, port, key, gateway.site.trust())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway without any provider: the admin listener needs none."""
    site = Site(tmp_path_factory.mktemp("admin") / "site", POLICIES)
    gateway = Gateway(site)
    yield gateway
    gateway.stop()


POLICIES = """
providers:
  nobody: {kind: openai, base_url: http://127.0.0.1:9/v1}
models:
  nobody/one: {provider: nobody, price: {input: 1, output: 1}}
organizations:
  acme: {teams: {research: {}}}
"""


@pytest.fixture
def key_file(running: Gateway) -> Path:
    return running.site.state / "admin-key"


@pytest.fixture
def admin(running: Gateway, key_file: Path) -> Client:
    return admin_client(running, key_file.read_text().strip())


def test_the_key_is_made_at_the_first_start_and_told_nowhere_else(running: Gateway, key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    key = key_file.read_text().strip()
    assert re.fullmatch(r"sk-purser-admin-[0-9a-f]{64}", key), "not 256 bits"
    assert key not in running.log()
    elsewhere = [path for path in running.site.home.rglob("*") if path.is_file() and path != key_file and key.encode() in path.read_bytes()]
    assert not elsewhere


def test_the_key_stays_over_a_restart(new_tiny_site: Callable[[], Site]) -> None:
    site, keys = new_tiny_site(), []
    for _ in range(2):
        gateway = Gateway(site)
        keys.append((site.state / "admin-key").read_text().strip())
        assert admin_client(gateway, keys[-1]).get("/admin/v1/budgets").status == 200
        gateway.stop()
    assert keys[0] == keys[1]


def test_the_environments_key_is_used_and_not_written(new_tiny_site: Callable[[], Site]) -> None:
    site, key = new_tiny_site(), "admin-CANARY-of-the-environment"
    site.secrets.append(key)
    gateway = Gateway(site, PURSER_ADMIN_KEY=key)
    try:
        assert admin_client(gateway, key).get("/admin/v1/budgets").status == 200
        assert admin_client(gateway, key[:-1]).get("/admin/v1/budgets").status == 401
        assert not (site.state / "admin-key").exists()
    finally:
        gateway.stop()


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_without_the_admin_key_nothing_is_told(running: Gateway, key_file: Path, method: str, path: str, body: object) -> None:
    key = key_file.read_text().strip()
    for wrong in (None, running.key, FILE_KEY, "", key[:-1], key + "0", key.upper()):
        reply = admin_client(running, wrong).send(method, path, body)
        assert (reply.status, reply.code) == (401, "invalid_api_key"), wrong
        assert reply.headers["www-authenticate"] == "Bearer"
    for name in ("x-api-key", "api-key", "cookie"):
        assert admin_client(running, None).send(method, path, body, headers={name: key}).status == 401, name
    assert key not in running.log()


def test_two_authorization_fields_are_none(running: Gateway, admin: Client) -> None:
    lines = [f"Authorization: Bearer {admin.key}"] * 2
    assert raw(admin, "GET", "/admin/v1/budgets", "localhost", *lines) == 401
    assert raw(admin, "GET", "/admin/v1/budgets", "localhost", lines[0]) == 200


def raw(client: Client, method: str, path: str, host: str | None, *lines: str) -> int:
    """The status of a request whose Host is written as it stands."""
    head = [f"{method} {path} HTTP/1.1", *([f"Host: {host}"] if host is not None else []), *lines, "Connection: close"]
    with client.socket() as connection:
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        return int(connection.makefile("rb").readline().split()[1])


def test_only_the_listeners_own_hosts_are_answered(admin: Client) -> None:
    bearer = f"Authorization: Bearer {admin.key}"
    for host in ("localhost", "LocalHost:9443", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:9443"):
        assert raw(admin, "GET", "/admin/v1/budgets", host, bearer) == 200, host
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:9443", "10.0.0.1", "[::2]", "", "127.0.0.2"):
        assert raw(admin, "GET", "/admin/v1/budgets", host, bearer) in (400, 403), host
        assert raw(admin, "GET", "/healthz", host) in (400, 403), host
    assert raw(admin, "GET", "/admin/v1/budgets", "evil.example", bearer) == 403


def test_a_further_host_name_can_be_allowed(new_tiny_site: Callable[[], Site]) -> None:
    gateway = Gateway(new_tiny_site(), PURSER_ADMIN_HOST="purser.internal,other.internal")
    try:
        client = admin_client(gateway, None)
        assert raw(client, "GET", "/healthz", "purser.internal:9443") == raw(client, "GET", "/healthz", "Other.internal") == 200
        assert raw(client, "GET", "/healthz", "purser.external") == 403
    finally:
        gateway.stop()


def test_what_is_not_there(running: Gateway, admin: Client) -> None:
    for path in ("/", "/admin", "/admin/v1", "/admin/v1/", "/admin/v1/budgets/", "/admin/v1/nothing", "/v1/chat/completions", "/v1/models", "/readyz"):
        reply = admin.get(path)
        assert (reply.status, reply.code) == (404, "not_found"), path
    assert admin_client(running, None).get("/nothing").status == 404


def test_the_wrong_method_is_told_the_right_one(admin: Client) -> None:
    reply = admin.send("POST", "/admin/v1/budgets", {})
    assert (reply.status, reply.code, reply.headers["allow"]) == (405, "method_not_allowed", "GET, HEAD")
    assert admin.get("/admin/v1/reload").headers["allow"] == "POST"


def test_health_needs_no_key(running: Gateway) -> None:
    reply = admin_client(running, None).get("/healthz")
    assert reply.status == 200 and reply.json() == {"status": "ok"}


def test_nothing_of_it_is_on_the_public_listener(running: Gateway, admin: Client) -> None:
    for method, path, body in ENDPOINTS:
        for key in (running.key, admin.key):
            reply = running.client(key).send(method, path, body)
            assert (reply.status, reply.code) == (404, "not_found"), path
    assert running.client(admin.key).get("/v1/models").status == 401, "the admin key is no client key"


def test_budgets_are_a_list(admin: Client) -> None:
    for path in ("/admin/v1/budgets", "/admin/v1/budgets?scope=acme", "/admin/v1/budgets?scope=acme%2Fresearch"):
        reply = admin.get(path)
        assert reply.status == 200 and reply.headers["cache-control"] == "no-store"
        assert reply.json()["object"] == "list" and isinstance(reply.json()["data"], list)
    for query in ("scope=", "scope=a&scope=b", "team=acme", "scope=%FF"):
        reply = admin.get(f"/admin/v1/budgets?{query}")
        assert (reply.status, reply.error["param"]) == (400, "scope"), query


def test_reload_takes_all_or_says_why_not(new_tiny_site: Callable[[], Site]) -> None:
    gateway = Gateway(new_tiny_site())
    try:
        reload_all_or_nothing(gateway)
    finally:
        gateway.stop()


def reload_all_or_nothing(gateway: Gateway) -> None:
    admin, site = admin_client(gateway, (gateway.site.state / "admin-key").read_text().strip()), gateway.site
    added = "models:\n  nobody/two: {provider: nobody, price: {input: 1, output: 1}}\n"
    (site.policies / "more.yaml").write_text(added)
    reply = admin.send("POST", "/admin/v1/reload")
    assert (reply.status, reply.json()) == (200, {"reloaded": True, "errors": []})
    assert "nobody/two" in names(gateway)
    # Two mistakes, one reason each; what was in force stays so.
    (site.policies / "more.yaml").write_text(added.replace("nobody/two", "nobody/three") + "  bad: {fallback: [nobody/for]}\nteams: {}\n")
    reply = admin.send("POST", "/admin/v1/reload", {})
    assert reply.status == 422 and reply.json()["reloaded"] is False
    errors = reply.json()["errors"]
    assert len(errors) == 2 and all(isinstance(error, str) and "more.yaml" in error for error in errors), errors
    assert any("nobody/for" in error for error in errors)
    assert "nobody/two" in names(gateway) and "nobody/three" not in names(gateway)
    (site.policies / "more.yaml").unlink()
    assert admin.send("POST", "/admin/v1/reload").status == 200
    assert "nobody/two" not in names(gateway)


def names(gateway: Gateway) -> list[str]:
    return [model["id"] for model in gateway.http.get("/v1/models").json()["data"]]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        ({}, "id"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"id": "x" * 300}, "id"),
        ({"id": "x", "note": 7}, "note"),
        ({"id": "x", "note": "n" * 1_001}, "note"),
        ({"id": "x", "amount": 5}, "amount"),
    ],
    ids=str,
)
def test_a_refund_that_makes_no_sense(admin: Client, body: object, param: str | None) -> None:
    reply = admin.send("POST", "/admin/v1/ledger/refund", body)
    assert (reply.status, reply.error["param"]) == (400, param)


def test_a_refund_of_what_is_not_in_doubt(admin: Client) -> None:
    reply = admin.send("POST", "/admin/v1/ledger/refund", {"id": "req_nobody", "note": None})
    assert (reply.status, reply.code) == (409, "not_refundable")
    assert "req_nobody" in reply.error["message"]


def test_large_and_compressed_bodies_are_refused(admin: Client) -> None:
    assert admin.send("POST", "/admin/v1/ledger/refund", {"id": "x" * 70_000}).status == 413
    assert admin.send("POST", "/admin/v1/reload", b"x", headers={"Content-Encoding": "gzip"}).status == 415


# What cannot start says what to do.


def refused_start(site: Site, **environment: str) -> str:
    done = subprocess.run(
        [BINARY, "serve", "--listen", f"127.0.0.1:{free_port()}"], env={**site.environment, **environment}, cwd=site.home, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 3, (done.returncode, done.stderr)
    return done.stderr


@pytest.fixture
def new_tiny_site(tmp_path: Path) -> Callable[[], Site]:
    return lambda: Site(tmp_path / "site", POLICIES)


@pytest.fixture
def tiny_site(new_tiny_site: Callable[[], Site]) -> Site:
    return new_tiny_site()


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1", "127.0.0.1:99999", "192.0.2.1:9443", "ftp://127.0.0.1:9443"])
def test_an_address_that_is_none(tiny_site: Site, address: str) -> None:
    assert "--admin" in refused_start(tiny_site, PURSER_ADMIN=address)


def test_an_address_that_is_taken(tiny_site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = refused_start(tiny_site, PURSER_ADMIN=f"127.0.0.1:{taken.getsockname()[1]}")
    assert "in use" in said and "--admin off" in said


def test_the_public_address_cannot_be_the_admin_address_too(tiny_site: Site) -> None:
    address = f"127.0.0.1:{free_port()}"
    done = subprocess.run(
        [BINARY, "serve", "--listen", address, "--admin", address], env=tiny_site.environment, cwd=tiny_site.home, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 3 and "the admin listener needs one of its own" in done.stderr


def test_a_key_file_that_others_may_read(tiny_site: Site) -> None:
    tiny_site.state.mkdir(mode=0o700, exist_ok=True)
    file = tiny_site.state / "admin-key"
    file.write_text("a-key-that-others-know\n")
    os.chmod(file, 0o644)
    said = refused_start(tiny_site)
    assert str(file) in said and "a-key-that" not in said


@pytest.mark.parametrize("content", [b"", b"\n", b"two words\n", b"k\xc3\xa4se-k\xc3\xa4se\n", b"x" * 600])
def test_a_key_file_without_a_key(tiny_site: Site, content: bytes) -> None:
    tiny_site.state.mkdir(mode=0o700, exist_ok=True)
    file = tiny_site.state / "admin-key"
    file.touch(mode=0o600)
    file.write_bytes(content)
    assert str(file) in refused_start(tiny_site)


def test_off_and_plain(new_tiny_site: Callable[[], Site]) -> None:
    site = new_tiny_site()
    port = int(site.environment["PURSER_ADMIN"].rpartition(":")[2])
    gateway = Gateway(site, PURSER_ADMIN="off")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 2)
    gateway.stop()
    assert not (site.state / "admin-key").exists()
    gateway = Gateway(site, PURSER_ADMIN=f"http://127.0.0.1:{port}")
    assert Client("127.0.0.1", port, None, None).get("/healthz").status == 200
    gateway.stop()


# Limits, seen by the admin.

LIMITED = """
providers:
  scripted: {{kind: openai, base_url: {url}, api_key: "${{E2E_PROVIDER_KEY}}", retry: {{attempts: 1}}}}
models:
  scripted/priced: {{provider: scripted, price: {{input: 10, output: 10}}}}
  scripted/endless-stream: {{provider: scripted, price: {{input: 10, output: 10}}, max_output_tokens: 1000}}
organizations:
  acme:
    limits: [{{usd: 5, per: total}}]
    teams:
      research:
        limits: [{{requests: 600, per: day}}, {{usd: 0.0000001, per: day, soft: true{webhook}}}]
        each_user: [{{usd: 1, per: total, models: [scripted/*]}}]
"""


def limited_gateway(tmp_path: Path, provider: ScriptedProvider, webhook: str = "") -> Gateway:
    return Gateway(Site(tmp_path / "limited", LIMITED.format(url=provider.url, webhook=webhook and f', webhook: "{webhook}"')))


def admin_of(gateway: Gateway) -> Client:
    return admin_client(gateway, (gateway.site.state / "admin-key").read_text().strip())


def limits(gateway: Gateway, query: str = "") -> dict[tuple[str, str | None, str, bool], dict[str, Any]]:
    """The budgets by scope, user, kind and softness."""
    found = admin_of(gateway).get(f"/admin/v1/budgets{query}").json()["data"]
    return {(limit["scope"], limit["user"], limit["kind"], limit["soft"]): limit for limit in found}


def test_budgets_tell_what_was_spent_and_what_the_command_tells(tmp_path: Path, provider: ScriptedProvider) -> None:
    gateway = limited_gateway(tmp_path, provider)
    try:
        cost = Decimal(gateway.http.chat("scripted/priced", user="bob").headers["x-purser-cost-usd"])
        found = limits(gateway)
        assert found.keys() == {
            ("acme", None, "usd", False),
            ("acme/research", None, "requests", False),
            ("acme/research", None, "usd", True),
            ("acme/research", "bob", "usd", False),
        }
        total, user = found["acme", None, "usd", False], found["acme/research", "bob", "usd", False]
        assert total["limit"] == "5" and Decimal(total["spent"]) == cost > 0 and total["left"] == format(5 - cost, "f")
        assert (total["period"], total["resets"], total["models"], total["key"]) == ("total", None, None, None)
        assert (total["held"], total["in_doubt"], total["waiting"]) == ("0", "0", 0)
        assert user["models"] == ["scripted/*"] and Decimal(user["spent"]) == cost
        requests = found["acme/research", None, "requests", False]
        assert (requests["limit"], requests["spent"], requests["left"]) == (600, 1, 599) and requests["resets"].endswith(":00.000Z")
        assert limits(gateway, "?scope=acme%2Fresearch").keys() == found.keys() - {("acme", None, "usd", False)}
        assert limits(gateway, "?scope=acm") == {}
        told = json.loads(gateway.site.run("budgets", "--format", "json", check=True).stdout)
        assert told == [{name: value for name, value in limit.items() if name != "waiting"} for limit in found.values()]
    finally:
        gateway.stop()


def test_what_a_crash_left_in_doubt_is_refunded_at_once(tmp_path: Path, provider: ScriptedProvider) -> None:
    gateway = limited_gateway(tmp_path, provider)
    connection, _ = gateway.http.open_stream("scripted/endless-stream", user="bob")
    gateway.signal(signal.SIGKILL)
    gateway.process.wait(5)
    connection.close()
    gateway = Gateway(gateway.site, gateway.key)
    try:
        total = limits(gateway)["acme", None, "usd", False]
        assert limits(gateway)["acme/research", "bob", "usd", False]["spent"] == total["spent"]
        assert total["spent"] == total["in_doubt"] and Decimal(total["in_doubt"]) > 0
        request_id = gateway.site.records(status="in_doubt")[0]["request_id"]
        reply = admin_of(gateway).send("POST", "/admin/v1/ledger/refund", {"id": request_id, "note": "the provider billed nothing"})
        assert reply.status == 200 and reply.json()["usd"] == total["in_doubt"] and reply.json()["request_id"] == request_id
        found = limits(gateway)
        limit = found["acme", None, "usd", False]
        assert (limit["spent"], limit["in_doubt"], limit["left"]) == ("0", "0", limit["limit"])
        # Users of whom nothing counts are not listed.
        assert ("acme/research", "bob", "usd", False) not in found
        again = admin_of(gateway).send("POST", "/admin/v1/ledger/refund", {"id": request_id})
        assert (again.status, again.code) == (409, "not_refundable") and "already" in again.error["message"]
        assert limits(gateway)["acme", None, "usd", False]["spent"] == "0"
        assert sum(Decimal(record["cost_usd"]) for record in gateway.site.records(request_id=request_id)) == 0
    finally:
        gateway.stop()


class Receiver(ThreadingHTTPServer):
    """A webhook's other end, which answers with `statuses` one after another."""

    def __init__(self, *statuses: int):
        self.statuses, self.bodies, self.times = list(statuses), [], []
        super().__init__(("127.0.0.1", 0), ReceiverHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait_for(self, count: int, seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while len(self.bodies) < count:
            assert time.monotonic() < deadline, f"{len(self.bodies)} of {count} requests"
            time.sleep(0.02)


class ReceiverHandler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.times.append(time.monotonic())
        self.server.bodies.append((self.path, self.headers["content-type"], json.loads(body)))
        self.send_response(self.server.statuses.pop(0))
        self.send_header("location", self.path)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_soft_limit_tells_its_webhook_once_and_tries_again(tmp_path: Path, provider: ScriptedProvider) -> None:
    receiver = Receiver(503, 302, 204)
    token = "CANARY-of-the-webhook"
    gateway = limited_gateway(tmp_path, provider, f"http://127.0.0.1:{receiver.server_port}/hook/{token}?token={token}")
    gateway.site.secrets.append(token)
    try:
        for _ in range(5):
            assert gateway.http.chat("scripted/priced").status == 200
        receiver.wait_for(3)
        time.sleep(0.5)
        assert len(receiver.bodies) == 3, "a redirect was followed, or the alert was told again"
        first, second, third = receiver.times
        assert 0.9 < second - first < 2 and 3.9 < third - second < 5.5
        path, content_type, told = receiver.bodies[0]
        assert (path, content_type) == (f"/hook/{token}?token={token}", "application/json")
        assert receiver.bodies[1] == receiver.bodies[2] == receiver.bodies[0]
        assert (told["event"], told["scope"], told["kind"], told["period"]) == ("soft_limit_reached", "acme/research", "usd", "day")
        assert told["limit"] == "0.0000001" and Decimal(told["spent"]) > 0 and told["left"] == "0" and told["soft"] is True
        assert told["resets"].endswith("T00:00:00.000Z") and told["time"] < told["resets"]
        lines = [json.loads(line) for line in gateway.log().splitlines()]
        reached = [line for line in lines if line["message"] == "limit reached"]
        assert [(line["event"], line["scope"], line["level"]) for line in reached] == [("soft_limit_reached", "acme/research", "warning")]
        retried = [line["reason"] for line in lines if "trying again" in line["message"]]
        assert retried == ["status 503", "status 302"]
    finally:
        gateway.stop()
        receiver.shutdown()


def test_a_dead_webhook_is_given_up_and_nobody_waits_for_it(tmp_path: Path, provider: ScriptedProvider) -> None:
    gateway = limited_gateway(tmp_path, provider, f"http://127.0.0.1:{free_port()}/")
    try:
        began = time.monotonic()
        assert gateway.http.chat("scripted/priced").status == 200
        assert time.monotonic() - began < 4
        deadline = time.monotonic() + 60
        while "given up" not in gateway.log():
            assert time.monotonic() < deadline, gateway.log()
            time.sleep(0.05)
    finally:
        gateway.stop()
