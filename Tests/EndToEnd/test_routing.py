"""Virtual models through the real gateway: which model answers, why, and what is told about it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from support.gateway import Gateway
from support.http import Reply
from support.routing import EXPLAIN, excluded, explained
from support.scripted import ScriptedProvider

Chat = Callable[..., Reply]
SIMPLE = "Hi, how are you?"
CODE = "Write a Python function that parses RFC 3339 dates without using any library."
PROOF = "Prove that there are infinitely many primes of the form 4k + 3, and generalize the argument as far as it goes."
TOOL = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}}}
IMAGE = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]}]


@pytest.fixture
def chat(routed: Gateway) -> Chat:
    return routed.http.chat


# --- Rules

RULES: list[tuple[str, str, dict[str, Any], dict[str, str], str]] = [
    ("rest", SIMPLE, {}, {}, "s/mini"),
    ("code", CODE, {}, {}, "s/mid"),
    ("hard", PROOF, {"max_cost": 0.06}, {}, "s/mid"),
    ("rest", PROOF, {"max_cost": 0.04}, {}, "s/mini"),
    # Without a ceiling there is as much as one likes.
    ("hard", PROOF, {}, {}, "s/mid"),
    ("gold", SIMPLE, {"metadata": {"tier": "gold"}}, {}, "s/big"),
    ("rest", SIMPLE, {"metadata": {"tier": "golden"}}, {}, "s/mini"),
    ("canary", SIMPLE, {}, {"X-Canary": "yes"}, "s/big"),
    ("rest", SIMPLE, {}, {"X-Canary": "no"}, "s/mini"),
    ("ada", SIMPLE, {"user": "ada"}, {}, "s/big"),
    ("tools", SIMPLE, {"tools": [TOOL]}, {}, "s/mid"),
    ("streamed tools", SIMPLE, {"tools": [TOOL], "stream": True}, {}, "s/big"),
    ("rest", SIMPLE, {"stream": True}, {}, "s/mini"),
    ("seeing", "", {"messages": IMAGE}, {}, "s/mid"),
    ("long", "word " * 4000, {}, {}, "s/big"),
    ("German", "Kannst du mir bitte sagen, wann der nächste Zug nach Zürich fährt und ob er pünktlich ist?", {}, {}, "s/mid"),
]


@pytest.mark.parametrize(("rule", "prompt", "fields", "headers", "model"), RULES)
def test_the_first_rule_that_holds_decides(chat: Chat, rule: str, prompt: str, fields: dict[str, Any], headers: dict[str, str], model: str) -> None:
    reply = chat("auto", prompt, headers={**EXPLAIN, **headers}, **fields)
    assert reply.status == 200, reply
    why = explained(reply)
    assert (why["route"], why["rule"], reply.headers["x-purser-model"]) == ("auto", rule, model), why["features"]
    assert reply.headers["x-purser-route"] == "auto" and reply.headers["x-purser-attempts"] == "1"


def test_rules_for_teams_and_keys(routed: Gateway) -> None:
    others = routed.client(routed.site.new_key("acme/others"))
    nightly = routed.client(routed.site.new_key("acme/research", "--name", "nightly"))
    assert explained(others.chat("auto", SIMPLE, headers=EXPLAIN))["rule"] == "others"
    assert explained(nightly.chat("auto", SIMPLE, headers=EXPLAIN))["rule"] == "night"


def test_metadata_may_come_as_a_header(routed: Gateway, chat: Chat) -> None:
    reply = chat("auto", SIMPLE, headers={**EXPLAIN, "x-purser-metadata": '{"tier": "gold"}'})
    assert explained(reply)["rule"] == "gold"
    assert routed.site.record(reply)["metadata"] == {"tier": "gold"}


def test_records_carry_the_decision(routed: Gateway, chat: Chat) -> None:
    reply = chat("auto", CODE, user="grace")
    record = routed.site.record(reply, seconds=0)
    assert (record["requested_model"], record["route"], record["task"], record["model"], record["user"]) == ("auto", "auto", "code", "s/mid", "grace")
    assert record["complexity"] in ("low", "medium", "high")
    direct = routed.site.record(chat("s/mini", CODE))
    assert (direct["requested_model"], direct["route"], direct["task"], direct["complexity"]) == ("s/mini", "direct", None, None)


def test_no_rule_fits(chat: Chat) -> None:
    reply = chat("only-gold", SIMPLE)
    assert (reply.status, reply.code, reply.error["param"]) == (400, "invalid_request_error", "model")
    assert chat("only-gold", SIMPLE, metadata={"tier": "gold"}).status == 200


def test_virtual_models_within_virtual_models(chat: Chat) -> None:
    reply = chat("outer", SIMPLE, stream=True, headers=EXPLAIN)
    assert (reply.text, explained(reply)["rule"], reply.headers["x-purser-attempts"]) == (SIMPLE, "nested", "2")
    assert chat("outer", SIMPLE).headers["x-purser-model"] == "s/mini"


# --- Ceilings

#: s/big, s/mid and s/mini may cost 0.24, 0.03 and 0.0006 USD and a little for the input.
CEILINGS: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({}, {}, "s/big"),
    ({"max_cost": 0.5}, {}, "s/big"),
    ({"max_cost": 0.1}, {}, "s/mid"),
    ({}, {"x-purser-max-cost": "0.1"}, "s/mid"),
    ({"max_cost": 0.1}, {"x-purser-max-cost": "0.001"}, "s/mini"),
    ({"max_cost": 0.001}, {"x-purser-max-cost": "0.1"}, "s/mini"),
    ({"max_cost": 0.1, "max_tokens": 100}, {}, "s/big"),
    ({"max_cost": 0.03, "n": 2}, {}, "s/mini"),
]


@pytest.mark.parametrize(("fields", "headers", "model"), CEILINGS)
def test_ceilings_exclude(chat: Chat, provider: ScriptedProvider, fields: dict[str, Any], headers: dict[str, str], model: str) -> None:
    reply = chat("chain", "hello", headers={**EXPLAIN, **headers}, **fields)
    assert (reply.status, reply.headers["x-purser-model"]) == (200, model), reply
    fits = [one for one in explained(reply)["candidates"] if "excluded_because" not in one]
    ceiling = min([Decimal(str(fields.get("max_cost", 9))), *map(Decimal, headers.values())])
    assert fits and all(one["estimated_cost"] <= ceiling for one in fits)
    assert all("more than max_cost" in why for name, why in excluded(reply).items() if why), excluded(reply)
    body = provider.last("echo").body
    assert "max_cost" not in body
    # The bound is only true when the output is limited.
    assert not (fields or headers) or (body.get("max_tokens") or body.get("max_completion_tokens"))


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_ceiling_that_nothing_fits(routed: Gateway, chat: Chat, provider: ScriptedProvider, stream: bool) -> None:
    provider.forget()
    reply = chat("chain", "hello", max_cost=0.0001, stream=stream, headers=EXPLAIN)
    assert (reply.status, reply.code, reply.error["param"]) == (402, "max_cost_exceeded", "max_cost")
    message = reply.error["message"]
    assert "s/mini" in message and "s/mid" not in message and "0.0001" in message
    needed = next(one["estimated_cost"] for one in explained(reply)["candidates"] if one["model"] == "s/mini")
    assert str(needed) in message
    assert all("more than max_cost" in why for why in excluded(reply).values()) and len(excluded(reply)) == 3
    assert not provider.calls and not routed.site.records(request_id=reply.request_id)
    assert chat("chain", "hello", max_cost=float(needed)).status == 200, "what the message names must do"


def test_who_cannot_pay_need_not_try_again(chat: Chat) -> None:
    assert chat("chain", "hello", max_cost=0.0001).headers["x-should-retry"] == "false"


def test_clamping_shortens_the_answer(chat: Chat, provider: ScriptedProvider) -> None:
    reply = chat("clamped", "hello", max_cost=0.0003, headers=EXPLAIN)
    assert reply.status == 200
    body = provider.last("echo").body
    limit = body.get("max_tokens") or body.get("max_completion_tokens")
    # All but a few tokens' worth of the ceiling is for the output.
    assert 450 <= limit <= 500
    assert Decimal(explained(reply)["candidates"][0]["estimated_cost"]) <= Decimal("0.0003")
    assert chat("clamped", "hello", max_cost=0.0003, max_tokens=40).status == 200
    assert provider.last("echo").body["max_tokens"] == 40
    assert chat("clamped", "hello", max_cost=0.000002).code == "max_cost_exceeded"


def test_what_failed_tries_cost_counts_against_the_ceiling(chat: Chat) -> None:
    """A first try that the provider may bill counts at what was reserved for it. Where that leaves too little for the second, it is not made, and the error says so."""
    generous = chat("dear-chain", "hello", max_cost=0.1, headers=EXPLAIN)
    assert generous.headers["x-purser-model"] == "s/dear"
    needed = {one["model"]: one["estimated_cost"] for one in explained(generous)["candidates"]}
    reply = chat("dear-chain", "hello", max_cost=str(needed["s/dear"]), headers=EXPLAIN)
    assert reply.status == 502
    first, second = explained(reply)["attempts"]
    assert (first["model"], first["status"], second["model"], second["status"]) == ("s/html", "error", "s/dear", "skipped")
    assert first["cost_usd"] > 0 and "max_cost" in second["reason"]


@pytest.mark.parametrize("value", ["-1", "much", "", "1e400", "NaN"])
def test_a_ceiling_that_is_none(chat: Chat, value: str) -> None:
    reply = chat("chain", "hello", headers={"x-purser-max-cost": value})
    assert (reply.status, reply.code) == (400, "invalid_request_error"), value


# --- Choices and capabilities


def test_the_cheapest_and_the_best(chat: Chat) -> None:
    assert chat("cheap", "hello").headers["x-purser-model"] == "s/mini"
    assert chat("best", "hello").headers["x-purser-model"] == "s/big"
    assert chat("best", "hello", max_cost=0.1).headers["x-purser-model"] == "s/mid"


def test_the_fastest_is_found_by_measuring(chat: Chat) -> None:
    answered = [chat("swift", "hello").headers["x-purser-model"] for _ in range(12)]
    assert answered[4:] == ["s/mid"] * 8, answered


def test_what_a_model_cannot_take_goes_elsewhere(chat: Chat) -> None:
    reply = chat("cheap", "", messages=IMAGE, headers=EXPLAIN)
    assert reply.headers["x-purser-model"] == "s/mid"
    assert excluded(reply)["s/mini"] == "it does not take images"
    reply = chat("cheap", "word " * 5000, headers=EXPLAIN)
    assert reply.headers["x-purser-model"] == "s/mid"
    assert re.fullmatch(r"its context of 4000 tokens is too short for about \d+", excluded(reply)["s/mini"])


def test_what_no_model_can_take_is_the_clients_error(chat: Chat) -> None:
    for model in ("s/mini", "clamped"):
        reply = chat(model, "", messages=IMAGE, headers=EXPLAIN)
        assert (reply.status, reply.code) == (400, "invalid_request_error")
        assert "s/mini: it does not take images" in reply.error["message"]
        assert excluded(reply) == {"s/mini": "it does not take images"}


def test_images_do_not_count_by_their_bytes(chat: Chat) -> None:
    """Half a megabyte of base64 is a picture, not 100,000 tokens."""
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 600_000}}]
    reply = chat("s/mid", "", messages=[{"role": "user", "content": content}], headers=EXPLAIN)
    assert reply.status == 200 and explained(reply)["features"]["input_tokens"] < 5000


def test_targets_have_settings_of_their_own(chat: Chat, provider: ScriptedProvider) -> None:
    assert chat("tuned", "hello").status == 200
    assert (provider.last("echo").body["max_tokens"], provider.last("echo").body["temperature"]) == (33, 0.5)
    assert chat("tuned", "hello", max_tokens=10).status == 200
    assert provider.last("echo").body["max_tokens"] == 10


def test_megabytes_are_decided_in_no_time(chat: Chat) -> None:
    reply = chat("auto", "word " * 1_600_000, headers=EXPLAIN)
    assert (reply.status, explained(reply)["rule"]) == (400, "long"), "8 MB are too much for the model that the rule names"
    gateway = re.search(r"gateway;dur=([0-9.]+)", chat("auto", "word " * 40_000).headers["server-timing"])
    assert gateway and float(gateway[1]) < 250


# --- Health


def test_who_was_down_is_tried_again(chat: Chat, sick_port: int) -> None:
    """Three failures open the breaker; after its time one request tries, and what answers is used again."""
    tried = [[one["model"] for one in explained(chat("healing", "hi", headers=EXPLAIN))["attempts"]] for _ in range(5)]
    assert tried == [["sick/echo", "s/mini"]] * 3 + [["s/mini"]] * 2
    healed = ScriptedProvider(sick_port)
    try:
        deadline = time.monotonic() + 60
        while chat("healing", "hi").headers["x-purser-model"] != "sick/echo":
            assert time.monotonic() < deadline, "the target was never tried again"
            time.sleep(0.1)
        assert {chat("healing", "hi").headers["x-purser-model"] for _ in range(10)} == {"sick/echo"}
    finally:
        healed.stop()


def test_providers_that_are_off(chat: Chat) -> None:
    reply = chat("darkness", headers=EXPLAIN)
    assert (reply.status, reply.code) == (503, "no_healthy_upstream") and "off" in excluded(reply)["off/echo"]
    reply = chat("twilight", headers=EXPLAIN)
    assert reply.headers["x-purser-model"] == "s/mini" and excluded(reply)["off/echo"]


# --- Who may use what


def test_a_virtual_model_lends_its_targets(routed: Gateway) -> None:
    client = routed.client(routed.site.new_key("acme/narrow"))
    assert [one["id"] for one in client.get("/v1/models").json()["data"]] == ["assistant"]
    assert client.get("/v1/models/assistant").status == 200
    assert client.get("/v1/models/s/mini").status == 403
    reply = client.chat("assistant", "hello")
    assert (reply.status, reply.headers["x-purser-model"]) in [(200, "s/mini"), (200, "s/mid")]
    for model in ("s/mini", "s/mid", "chain"):
        assert (client.chat(model).status, client.chat(model).code) == (403, "model_not_allowed")
    assert client.chat(["assistant", "s/mini"]).status == 403


def test_all_virtual_models_are_listed(routed: Gateway) -> None:
    listed = {one["id"]: one for one in routed.http.get("/v1/models").json()["data"]}
    assert {"auto", "chain", "assistant", "pool", "s/mini"} <= listed.keys()
    assert (listed["auto"]["owned_by"], listed["s/mini"]["owned_by"]) == ("purser", "steady")


def test_a_name_that_is_nearly_right(chat: Chat) -> None:
    reply = chat("asistant")
    assert (reply.status, reply.code) == (404, "model_not_found") and "assistant" in reply.error["message"]
