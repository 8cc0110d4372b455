"""Nobody holds an event loop with many small things: JSON values are counted before they are looked at, and a stream must say something."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from support.gateway import Gateway
from support.http import Client, chat_body

#: A valid request whose last member has millions of values, by what they are.
BODIES = {
    "members": lambda: b"{" + b",".join(b'"%d":0' % number for number in range(2_000_000)) + b"}",
    "elements": lambda: b"[" + b"0," * 15_000_000 + b"0]",
    "lists": lambda: b"[" + b"[]," * 9_000_000 + b"[]]",
    "objects": lambda: b"[" + b'{"a":0},' * 3_000_000 + b"0]",
    "nested": lambda: b"[" + (b"[" * 100 + b"]" * 100 + b",") * 100_000 + b"0]",
}


def body(extra: bytes) -> bytes:
    return json.dumps(chat_body("scripted/echo")).encode()[:-1] + b',"extra":' + extra + b"}"


#: Asks for `/healthz` again and again, until its input ends, and prints the longest time that an answer took. A process of its own: Python's
#: threads wait for each other.
CHECKS = """
import http.client, select, sys, time
connection, waits = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2])), []
while not select.select([sys.stdin], [], [], 0.001)[0]:
    start = time.monotonic()
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    waits.append(time.monotonic() - start)
    if len(waits) == 1:
        print("begun", flush=True)
print(max(waits))
"""


def longest_wait(gateway: Gateway, work: Callable[[], object]) -> float:
    """The longest time that one of many health checks took while `work` was done. The gateway speaks plain HTTP."""
    command = [sys.executable, "-c", CHECKS, gateway.http.host, str(gateway.http.port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as checks:
        try:
            assert checks.stdout.readline() == "begun\n"
            work()
        finally:
            longest, _ = checks.communicate()
    return float(longest)


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_of_millions_of_values_is_refused(http: Client, kind: str) -> None:
    reply = http.send("POST", "/v1/chat/completions", body(BODIES[kind]()), timeout=60)
    assert (reply.status, reply.code) == (413, "request_too_large")
    assert "200000 values (--max-json-values)" in reply.error["message"]


def test_few_values_of_many_bytes_pass(http: Client) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "iVBORw0KGgo" * 1_500_000}}
    reply = http.chat("scripted/echo", messages=[{"role": "user", "content": [{"type": "text", "text": "hello"}, image]}], timeout=60)
    assert reply.status == 200 and reply.text


def test_a_long_conversation_passes(http: Client) -> None:
    turns = [{"role": "user" if number % 2 == 0 else "assistant", "content": "a"} for number in range(20_001)]
    assert http.chat("scripted/echo", messages=turns, timeout=60).status == 200


def test_the_bound_can_be_named(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(PURSER_MAX_JSON_VALUES="1000")
    # The body itself, its model, messages, message, role and content, and the list.
    assert gateway.http.chat("scripted/echo", extra=[0] * 993).status == 200
    reply = gateway.http.chat("scripted/echo", extra=[0] * 994)
    assert (reply.status, reply.code) == (413, "request_too_large")
    assert "1000 values" in reply.error["message"]


@pytest.mark.parametrize("model", ["scripted/tiny-values", "scripted/error-of-tiny-values"])
def test_an_answer_of_millions_of_values_is_unusable(http: Client, model: str) -> None:
    reply = http.chat(model, timeout=60)
    assert (reply.status, reply.code) == (502, "upstream_error")


def test_the_next_target_answers_in_its_place(http: Client) -> None:
    reply = http.chat("scripted/tiny-values", models=["scripted/echo"], timeout=60)
    assert reply.status == 200 and reply.headers["x-purser-model"] == "scripted/echo"


def test_probabilities_of_tokens_are_no_attack(http: Client) -> None:
    assert len(http.chat("scripted/many-probabilities", timeout=60).json()["choices"][0]["logprobs"]["content"]) == 2_000


def test_a_stream_of_nothing_ends(http: Client) -> None:
    reply = http.chat("scripted/blank-lines", stream=True, timeout=60)
    assert (reply.status, reply.code) == (502, "upstream_error")
    assert "8 MiB" in reply.error["message"]
    reply = http.chat("scripted/blank-lines", models=["scripted/echo"], stream=True, timeout=60)
    assert reply.status == 200 and reply.headers["x-purser-model"] == "scripted/echo"


def test_a_stream_that_stops_saying_anything_is_cut(http: Client) -> None:
    reply = http.chat("scripted/comments", stream=True, timeout=60)
    assert reply.status == 200 and reply.text and b"8 MiB" in reply.body and b"[DONE]" not in reply.body


def test_a_stream_that_says_something_now_and_then_is_whole(http: Client) -> None:
    reply = http.chat("scripted/some-blank-lines", stream=True, timeout=60)
    assert reply.text == "long in coming" and reply.body.endswith(b"data: [DONE]\n\n")
    assert len(reply.body) < 10_000


def test_what_comes_behind_a_whole_answer_takes_nothing_away(http: Client) -> None:
    reply = http.chat("scripted/answer-then-blank-lines", stream=True, timeout=60)
    assert reply.text == "whole" and reply.body.endswith(b"data: [DONE]\n\n")


def test_others_are_served_meanwhile(own_gateway: Callable[..., Gateway]) -> None:
    """On one loop. The bound is wide: builds for tests are slow, and so are machines that do other work."""
    gateway = own_gateway(plain=True, PURSER_LOOPS="1")
    attack = body(BODIES["objects"]())

    def work() -> None:
        for _ in range(3):
            assert gateway.http.send("POST", "/v1/chat/completions", attack, timeout=60).status == 413
        assert gateway.http.chat("scripted/tiny-values", timeout=60).status == 502
        gateway.http.chat("scripted/blank-lines", stream=True, timeout=60)

    assert longest_wait(gateway, work) < 1.0
