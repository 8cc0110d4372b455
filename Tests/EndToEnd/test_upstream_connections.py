"""What passes between gateway and provider: how many calls at once, and answers that come packed."""

from __future__ import annotations

import gzip
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.answers import stream_of
from support.gateway import Gateway, Site
from support.http import Client
from support.moody import MoodyProvider, takes, whole
from support.scripted import Call, Wire

POLICY = """
providers:
  one: {{kind: openai, base_url: {url}, max_connections: 1, retry: {{attempts: 1}}, breaker: {{consecutive_failures: 1}}}}
  three: {{kind: openai, base_url: {url}, max_connections: 3, retry: {{attempts: 1}}}}
  other: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}}}
models:
  m1: {{provider: one, price: {{input: 1, output: 1}}}}
  m3: {{provider: three, price: {{input: 1, output: 1}}}}
  o: {{provider: other, price: {{input: 1, output: 1}}}}
  both: {{fallback: [m1, o]}}
organizations:
  acme: {{teams: {{research: {{}}}}}}
"""


@pytest.fixture
def moody() -> Iterator[MoodyProvider]:
    running = MoodyProvider()
    yield running
    running.stop()


@pytest.fixture
def http(tmp_path: Path, moody: MoodyProvider) -> Iterator[Client]:
    gateway = Gateway(Site(tmp_path / "site", POLICY.format(url=moody.url)), PURSER_LOOPS="2")
    yield gateway.http
    gateway.stop()


@pytest.mark.parametrize("model, most", [("m1", 1), ("m3", 3)])
@pytest.mark.parametrize("stream", [False, True])
def test_max_connections_bounds_the_calls_under_way_over_all_loops(
    http: Client, moody: MoodyProvider, model: str, most: int, stream: bool
) -> None:
    moody.moods["work"] = takes(0.1)
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda _: http.chat(model, "work", stream=stream), range(12)))
    assert [reply.status for reply in replies] == [200] * 12
    assert moody.most_running == most


def test_without_a_limit_in_the_policy_many_are_under_way_at_once(http: Client, moody: MoodyProvider) -> None:
    moody.moods["work"] = takes(0.5)
    with ThreadPoolExecutor(12) as pool:
        assert {reply.status for reply in pool.map(lambda _: http.chat("o", "work"), range(12))} == {200}
    assert moody.most_running > 3


def occupied(http: Client, moody: MoodyProvider, seconds: float = 3) -> threading.Thread:
    moody.moods["long"] = takes(seconds)
    thread = threading.Thread(target=lambda: http.chat("m1", "long"))
    thread.start()
    while moody.running == 0:
        time.sleep(0.01)
    return thread


def test_who_cannot_wait_is_told_which_limit_it_is(http: Client, moody: MoodyProvider) -> None:
    thread = occupied(http, moody)
    refused = http.chat("m1", headers={"x-purser-timeout": "300ms"})
    assert (refused.status, refused.code) == (503, "overloaded")
    assert "max_connections" in refused.error["message"] and "retry-after" in refused.headers
    thread.join()
    assert http.chat("m1").status == 200, "waiting in vain moved the breaker"


def test_the_next_target_takes_what_the_first_has_no_room_for(http: Client, moody: MoodyProvider) -> None:
    thread = occupied(http, moody)
    reply = http.chat("both")
    assert (reply.status, reply.headers["x-purser-model"]) == (200, "o")
    assert moody.running == 1
    thread.join()


def test_a_client_that_leaves_the_line_leaves_no_gap(http: Client, moody: MoodyProvider) -> None:
    thread = occupied(http, moody, 1)
    for _ in range(5):
        connection = http.connect()
        connection.request("POST", "/v1/chat/completions", json.dumps({"model": "m1", "messages": [{"role": "user", "content": "x"}]}), http.headers())
        connection.close()
    thread.join()
    assert http.chat("m1").status == 200
    assert moody.most_running == 1


# --- Packed answers


def packed(pack: Callable[[bytes], bytes], coding: str) -> Callable:
    async def script(call: Call, wire: Wire) -> None:
        if not call.streamed:
            return await wire.reply(200, pack(json.dumps(whole(call, "squeezed")).encode()), f"Content-Encoding: {coding}")
        text = "".join(f"data: {json.dumps(part)}\n\n" for part in stream_of(call, "squeezed")) + "data: [DONE]\n\n"
        await wire.begin_stream(f"Content-Encoding: {coding}")
        data = pack(text.encode())
        for at in range(0, len(data), 7):
            await wire.chunk(data[at : at + 7])
        await wire.end_stream()

    return script


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODINGS = [(gzip.compress, "gzip"), (gzip.compress, "x-gzip"), (gzip.compress, "GZIP"), (zlib.compress, "deflate"), (raw_deflate, "deflate")]
PLAIN = [(bytes, ""), (bytes, "identity")]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("pack, coding", CODINGS + PLAIN)
def test_a_packed_answer_is_unpacked(http: Client, moody: MoodyProvider, pack: Callable, coding: str, stream: bool) -> None:
    moody.moods["packed"] = packed(pack, coding)
    reply = http.chat("o", "packed", stream=stream)
    assert (reply.status, reply.text) == (200, "squeezed")
    assert "content-encoding" not in reply.headers
    sent = moody.last("o")
    assert sent.header("accept-encoding") is None


def test_a_packed_refusal_is_unpacked(http: Client, moody: MoodyProvider) -> None:
    async def script(call: Call, wire: Wire) -> None:
        body = json.dumps({"error": {"message": "packed words", "type": "invalid_request_error", "code": "bad", "param": None}}).encode()
        await wire.reply(400, gzip.compress(body), "Content-Encoding: gzip")

    moody.moods["packed"] = script
    reply = http.chat("o", "packed")
    assert (reply.status, reply.error["message"]) == (400, "packed words")


@pytest.mark.parametrize("body, coding", [(b"this is no gzip", "gzip"), (gzip.compress(b"x" * 1000)[:40], "gzip"), (b"{}", "enigma")])
def test_an_answer_that_cannot_be_unpacked_is_the_providers_fault(http: Client, moody: MoodyProvider, body: bytes, coding: str) -> None:
    async def script(call: Call, wire: Wire) -> None:
        await wire.reply(200, body, f"Content-Encoding: {coding}")

    moody.moods["packed"] = script
    assert http.chat("o", "packed").status == 502


def test_what_unpacks_to_too_much_is_given_up(http: Client, moody: MoodyProvider) -> None:
    bomb = gzip.compress(bytes(200 << 20))

    async def script(call: Call, wire: Wire) -> None:
        await wire.reply(200, bomb, "Content-Encoding: gzip")

    moody.moods["bomb"] = script
    reply = http.chat("o", "bomb")
    assert (reply.status, reply.code) == (502, "upstream_error")
    assert http.chat("o").status == 200
