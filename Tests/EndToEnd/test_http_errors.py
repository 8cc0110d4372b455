"""What a client gets for its own mistakes: status, code, `param`, and words that help."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from support.gateway import Gateway
from support.http import Client, chat_body
from support.scripted import ScriptedProvider

CHAT = "/v1/chat/completions"


def test_curl_with_our_ca(gateway: Gateway) -> None:
    command = ["curl", "-sS", "--cacert", str(gateway.site.ca), f"{gateway.url}{CHAT}", "-H", f"Authorization: Bearer {gateway.key}"]
    command += ["-H", "Content-Type: application/json", "-d", json.dumps(chat_body("scripted/echo", "by curl"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert json.loads(done.stdout)["choices"][0]["message"]["content"] == "by curl"


def test_curl_without_our_ca_refuses(gateway: Gateway) -> None:
    done = subprocess.run(["curl", "-sS", f"{gateway.url}/healthz"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 60, done.stderr


@pytest.mark.parametrize("header", ["Authorization", "x-api-key", "api-key"])
@pytest.mark.parametrize("path", [CHAT, "/chat/completions"])
def test_three_ways_to_bring_a_key(gateway: Gateway, header: str, path: str) -> None:
    value = f"Bearer {gateway.key}" if header == "Authorization" else gateway.key
    reply = gateway.anonymous.send("POST", path, chat_body("scripted/echo", header), {header: value})
    assert (reply.status, reply.text) == (200, header)
    assert gateway.anonymous.send("GET", "/v1/models", headers={header: value}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer sk-purser-wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic dTpw"},
        {"x-api-key": "' OR 1=1 --"},
        {"api-key": "a" * 5000},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", CHAT), ("GET", "/v1/models"), ("GET", "/v1/models/scripted/echo")])
def test_no_or_bad_key(gateway: Gateway, headers: dict[str, str], method: str, path: str) -> None:
    reply = gateway.anonymous.send(method, path, chat_body("scripted/echo") if method == "POST" else None, headers)
    assert (reply.status, reply.code) == (401, "invalid_api_key")
    assert reply.error["message"].startswith("Incorrect API key provided")
    for value in headers.values():
        secret = value.removeprefix("Bearer ").strip()
        assert len(secret) < 8 or secret not in reply.body.decode(), "the key is repeated"


def test_unknown_model_names_the_nearest(http: Client) -> None:
    reply = http.chat("scripted/ecko")
    assert (reply.status, reply.code) == (404, "model_not_found")
    assert "scripted/echo" in reply.error["message"] and reply.error["param"] == "model"


def test_a_model_that_the_key_may_not_use(gateway: Gateway) -> None:
    by_team = gateway.client(gateway.site.new_key("acme/narrow"))
    by_key = gateway.client(gateway.site.new_key("acme/research", "--models", "scripted/echo"))
    for client in (by_team, by_key):
        assert client.chat("scripted/echo").status == 200
        reply = client.chat("scripted/priced")
        assert (reply.status, reply.code) == (403, "model_not_allowed")
        assert "scripted/priced" in reply.error["message"]


USER = [{"role": "user", "content": "x"}]

BAD_BODIES: list[tuple[str, bytes | Any, str | None]] = [
    ("not JSON", b"{oops", None),
    ("empty", b"", None),
    ("an array", [], None),
    ("two documents", b"{}{}", None),
    ("BOM and rubbish", b"\xef\xbb\xbf{", None),
    ("not UTF-8", b'{"model":"scripted/echo","messages":[{"role":"user","content":"\xff"}]}', None),
    ("lone surrogate", b'{"model":"scripted/echo","messages":[{"role":"user","content":"\\ud800"}]}', None),
    ("too deep", b'{"model":"scripted/echo","messages":' + b"[" * 5000 + b"]" * 5000 + b"}", None),
    ("duplicate member", b'{"model":"scripted/echo","model":"scripted/priced","messages":[{"role":"user","content":"x"}]}', None),
    ("no model", {"messages": USER}, "model"),
    ("model is a number", {"model": 4, "messages": USER}, "model"),
    ("no messages", {"model": "scripted/echo"}, "messages"),
    ("no message", {"model": "scripted/echo", "messages": []}, "messages"),
    ("messages is text", {"model": "scripted/echo", "messages": "x"}, "messages"),
    ("message is text", {"model": "scripted/echo", "messages": ["x"]}, "messages.0"),
    ("message without role", {"model": "scripted/echo", "messages": [*USER, {"content": "x"}]}, "messages.1.role"),
    ("stream is text", {"model": "scripted/echo", "messages": USER, "stream": "yes"}, "stream"),
    ("max_tokens is text", {"model": "scripted/echo", "messages": USER, "max_tokens": "many"}, "max_tokens"),
    ("stream_options is text", {"model": "scripted/echo", "messages": USER, "stream": True, "stream_options": "x"}, "stream_options"),
]


@pytest.mark.parametrize(("body", "param"), [case[1:] for case in BAD_BODIES], ids=[case[0] for case in BAD_BODIES])
def test_bad_bodies(http: Client, provider: ScriptedProvider, body: Any, param: str | None) -> None:
    provider.forget()
    reply = http.send("POST", CHAT, body)
    assert reply.status == 400
    assert reply.error["type"] == "invalid_request_error"
    assert reply.error["message"]
    if param is not None:
        assert reply.error["param"] == param
    assert not provider.calls, "a bad request reached the provider"


def test_a_client_cannot_choose_the_destination(http: Client, provider: ScriptedProvider) -> None:
    """Fields that other gateways honoured, to their regret."""
    provider.forget()
    elsewhere = "http://127.0.0.1:9/v1"
    for name, value in {"api_base": elsewhere, "base_url": elsewhere, "api_key": "sk-theirs", "proxy": elsewhere, "extra_headers": {"a": "b"}}.items():
        reply = http.chat("scripted/echo", **{name: value})
        assert (reply.status, reply.error["param"]) == (400, name)
    assert not provider.calls


@pytest.mark.parametrize(("method", "path", "allowed"), [("GET", CHAT, "POST"), ("DELETE", "/v1/models", "GET"), ("PUT", "/healthz", "GET")])
def test_wrong_method(http: Client, method: str, path: str, allowed: str) -> None:
    reply = http.send(method, path)
    assert (reply.status, reply.code) == (405, "method_not_allowed")
    assert allowed in [name.strip() for name in reply.headers["allow"].split(",")]


def test_unknown_path(http: Client, gateway: Gateway) -> None:
    assert (http.get("/v1/nonesuch").status, http.get("/v1/nonesuch").code) == (404, "not_found")
    for path in ("/metrics", "/admin/v1/keys", "/ui/"):
        assert gateway.http.get(path).status == 404, f"{path} is reachable on the public listener"


def test_head_and_options(gateway: Gateway) -> None:
    head = gateway.anonymous.send("HEAD", "/healthz")
    assert (head.status, head.body) == (200, b"")
    options = gateway.anonymous.send("OPTIONS", CHAT)
    assert options.status == 405 and "POST" in options.headers["allow"]


def test_health(gateway: Gateway) -> None:
    assert gateway.anonymous.get("/healthz").status == 200
    assert gateway.anonymous.get("/readyz").status == 200


def test_too_large(http: Client) -> None:
    body = http.send("POST", CHAT, b" " * (33 << 20), timeout=60)
    assert (body.status, body.code) == (413, "request_too_large")
    assert http.get("/v1/models/" + "m" * 20_000).status == 414
    assert http.get("/v1/models", headers={"x-long": "h" * 70_000}).status == 431
    assert http.get("/v1/models", headers={f"x-{number}": "h" for number in range(300)}).status == 431


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/plain"}, {"Content-Type": "multipart/form-data; boundary=x"}, {"Content-Encoding": "br"}]
)
def test_unsupported_media(http: Client, headers: dict[str, str]) -> None:
    reply = http.chat("scripted/echo", headers=headers)
    assert (reply.status, reply.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/x-www-form-urlencoded"])
def test_accepted_media(http: Client, kind: str) -> None:
    """The last one is what `curl -d` says when nobody tells it better."""
    assert http.chat("scripted/echo", headers={"Content-Type": kind}).status == 200
