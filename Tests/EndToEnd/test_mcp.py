"""Tools of MCP servers on the gateway's side: real servers, a provider whose models call them, real clients."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from support.gateway import Gateway, Site, free_port
from support.tools import SERVER, ToolUser, call

POLICY = """
providers:
  s: {{kind: openai, base_url: "{url}", api_key: t, retry: {{attempts: 1}}, breaker: off}}
models:
  s/*: {{provider: s, price: {{input: 1, output: 2}}, max_output_tokens: 1000}}
  routed: {{route: [{{when: {{metadata.tools: "yes"}}, use: s/clock, mcp_servers: [time]}}, {{use: s/clock}}]}}
  chain: {{fallback: [s/gone, s/clock]}}
mcp_servers:
  time: {{command: [{python}, -m, mcp_server_time, --local-timezone, UTC]}}
  git: {{command: [{python}, -m, mcp_server_git, --repository, {repository}]}}
  odd: {{command: [{python}, {server}, stdio], env: {{GIVEN: "to it"}}, timeout: 3s, max_result_bytes: 4096, tools: {{deny: [die]}}}}
  fragile: {{command: [{python}, {server}, stdio], tools: {{allow: [die, add]}}}}
  web: {{url: "http://127.0.0.1:{port}/mcp", timeout: 5s}}
  dead: {{command: [/bin/false]}}
  silent: {{command: [sleep, "1000"], timeout: 1s}}
  rubbish: {{command: [sh, -c, "yes rubbish"], timeout: 1s}}
  theirs: {{command: [{python}, -m, mcp_server_time], teams: [acme/other]}}
organizations:
  acme: {{limits: [{{usd: 100, per: day}}], teams: {{research: {{}}, other: {{}}}}}}
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[ToolUser]:
    running = ToolUser()
    running.turns = {
        "clock": [("", [call("get_current_time", {"timezone": "Asia/Tokyo"})])],
        "talker": [("one moment please", [call("get_current_time", {"timezone": "UTC"})])],
        "twice": [("", [call("get_current_time", {"timezone": "UTC"}, 0), call("convert_time", {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}, 1)])],
        "adder": [("", [call("add", {"a": 2, "b": 3})]), ("", [call("add", {"a": 5, "b": 5})])],
        "wrong": [("", [call("add", {"a": "two"}), call("add", "not json", 1), call("get_current_time", [1], 2)])],
        "forever": [("again", [call("add", {"a": 1, "b": 1}, number)]) for number in range(200)],
        "mixed": [("", [call("add", {"a": 1, "b": 1}), call("local", {"x": 1}, 1)])],
        "killer": [("", [call("die", {})]), ("", [call("add", {"a": 1, "b": 2}, 1)])],
        "sleeper": [("", [call("sleep", {"seconds": 60})])],
        "gossip": [("", [call("large", {"size": 100_000}), call("large", {"size": 3000}, 1)])],
        "spy": [("", [call("environment", {})])],
        "failer": [("", [call("fail", {"why": "no luck"})])],
    }  # fmt: skip
    yield running
    running.stop()


@pytest.fixture(scope="module")
def web_server() -> Iterator[int]:
    port = free_port()
    server = subprocess.Popen([sys.executable, str(SERVER), "http", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield port
    server.terminate()
    server.wait(10)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, provider: ToolUser, web_server: int) -> Iterator[Gateway]:
    repository = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    policy = POLICY.format(url=provider.url, python=sys.executable, server=SERVER, port=web_server, repository=repository)
    running = Gateway(Site(tmp_path_factory.mktemp("mcp") / "site", policy))
    yield running
    running.stop()


def tokyo(text: str) -> bool:
    return text.startswith("done: ") and json.loads(text.removeprefix("done: "))["timezone"] == "Asia/Tokyo"


# --- The loop


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_knows_nothing_of_mcp(house: Gateway, provider: ToolUser, stream: bool) -> None:
    provider.forget()
    more = {"stream_options": {"include_usage": True}} if stream else {}
    reply = house.http.chat("s/clock", "what time is it?", mcp_servers=["time"], stream=stream, **more)
    assert reply.status == 200 and tokyo(reply.text), reply
    first, second = provider.calls
    assert [tool["function"]["name"] for tool in first.body["tools"]] == ["get_current_time", "convert_time"]
    assert "mcp_servers" not in first.body and [message["role"] for message in second.body["messages"]] == ["user", "assistant", "tool"]
    if stream:
        chunks = reply.chunks()
        assert len({chunk["id"] for chunk in chunks}) == 1 and reply.events()[-1] == ("message", "[DONE]")
        assert [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"] if choice["finish_reason"]] == ["stop"]
        assert sum(choice["delta"].get("role") == "assistant" for chunk in chunks for choice in chunk["choices"]) == 1
        assert chunks[-1]["usage"]["total_tokens"] == 30 and not any("tool_calls" in choice["delta"] for chunk in chunks for choice in chunk["choices"])
    else:
        answer = reply.json()
        assert answer["usage"]["total_tokens"] == 30 and "tool_calls" not in answer["choices"][0]["message"]
        assert answer["tools_executed"] == ["get_current_time"] and answer["turns_consumed"] == 2
        [result] = answer["mcp_tool_results"]
        assert (result["server_name"], result["tool_name"], result["is_error"]) == ("time", "get_current_time", False)
        assert result["arguments"] == {"timezone": "Asia/Tokyo"} and "Asia/Tokyo" in result["result"]
    records = [record for record in house.site.records() if record["request_id"] == reply.request_id]
    assert [record["role"] for record in records] == ["primary", "tool", "primary"], records
    assert records[1]["tool"] == "time/get_current_time" and records[1]["cost_usd"] == "0"
    assert house.site.run("ledger", "verify").returncode == 0


def test_words_before_the_call_stream_at_once_and_once(house: Gateway) -> None:
    reply = house.http.chat("s/talker", mcp_servers=["time"], stream=True)
    assert reply.text.startswith("one moment pleasedone: "), reply


def test_calls_of_one_turn_and_several_turns(house: Gateway, provider: ToolUser) -> None:
    reply = house.http.chat("s/twice", mcp_servers=["time"])
    assert len(reply.json()["mcp_tool_results"]) == 2 and reply.text.count("timezone") >= 2
    provider.forget()
    reply = house.http.chat("s/adder", mcp_servers=["odd"])
    assert reply.text == "done: 5 | 10" and reply.json()["turns_consumed"] == 3 and len(provider.calls) == 3


def test_other_ways_to_attach(house: Gateway) -> None:
    assert tokyo(house.http.chat("routed", metadata={"tools": "yes"}).text)
    assert "tool_calls" in house.http.chat("routed").json()["choices"][0]["message"], "without the rule the calls are the client's"
    assert tokyo(house.http.chat("s/clock", mcp_servers=[{"slug": "time", "version": "v2"}]).text)
    assert tokyo(house.http.chat("s/clock", mcp_servers=["time@v2"]).text)
    assert tokyo(house.http.chat("chain", mcp_servers=["time"]).text)


def test_over_http(house: Gateway) -> None:
    deadline = time.monotonic() + 60
    while (reply := house.http.chat("s/adder", mcp_servers=["web"])).status == 503 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert reply.text == "done: 5 | 10"


def test_two_servers_with_the_same_tool_names(house: Gateway, provider: ToolUser) -> None:
    provider.forget()
    house.http.chat("s/clock", mcp_servers=["time", "odd", "web"])
    names = [tool["function"]["name"] for tool in provider.calls[0].body["tools"]]
    assert len(names) == len(set(names)) and {"get_current_time", "odd__add", "web__add"} <= set(names) and "odd__die" not in names


def test_the_models_mistakes_are_told_to_the_model(house: Gateway) -> None:
    reply = house.http.chat("s/wrong", mcp_servers=["odd"], tools=[{"type": "function", "function": {"name": "get_current_time"}}])
    # A call that is the client's own ends the turn.
    assert [one["function"]["name"] for one in reply.json()["choices"][0]["message"]["tool_calls"]] == ["get_current_time"]
    assert [one["is_error"] for one in reply.json()["mcp_tool_results"]] == [True, True]
    assert "not a JSON object" in reply.json()["mcp_tool_results"][1]["result"]


def test_a_tool_that_fails(house: Gateway) -> None:
    reply = house.http.chat("s/failer", mcp_servers=["odd"])
    assert reply.status == 200 and "Error executing tool fail" in reply.text and reply.json()["mcp_tool_results"][0]["is_error"]


@pytest.mark.parametrize("stream", [False, True])
def test_turns_end(house: Gateway, provider: ToolUser, stream: bool) -> None:
    provider.forget()
    reply = house.http.chat("s/forever", mcp_servers=["odd"], max_turns=4, stream=stream)
    assert reply.status == 200 and len(provider.calls) == 4
    choices = [choice for chunk in reply.chunks() for choice in chunk["choices"]] if stream else reply.json()["choices"]
    assert [choice["finish_reason"] for choice in choices if choice["finish_reason"]] == ["length"]
    assert "again" in reply.text


@pytest.mark.parametrize("stream", [False, True])
def test_a_mixed_turn_gives_the_client_its_own_calls_alone(house: Gateway, stream: bool) -> None:
    reply = house.http.chat("s/mixed", mcp_servers=["odd"], stream=stream, tools=[{"type": "function", "function": {"name": "local"}}])
    if stream:
        calls = [one for chunk in reply.chunks() for choice in chunk["choices"] for one in choice["delta"].get("tool_calls", [])]
    else:
        calls = reply.json()["choices"][0]["message"]["tool_calls"]
    assert [one["function"]["name"] for one in calls if one["function"].get("name")] == ["local"]


# --- Money


def test_every_turn_is_paid_and_bounded(house: Gateway, provider: ToolUser) -> None:
    reply = house.http.chat("s/adder", mcp_servers=["odd"], max_tokens=50)
    assert reply.json()["usage"]["total_tokens"] == 45 and str(reply.json()["usage"]["cost"]) == reply.headers["x-purser-cost-usd"] == "0.00006"
    provider.forget()
    cheap = house.http.chat("s/forever", mcp_servers=["odd"], max_tokens=50, max_cost=0.005, max_turns=100)
    assert cheap.code == "max_cost_exceeded" and len(provider.calls) < 100
    spent = sum(float(record["cost_usd"]) for record in house.site.records() if record["request_id"] == cheap.request_id)
    assert spent <= 0.005


# --- Trouble


def test_servers_that_cannot_be_used(house: Gateway) -> None:
    for name in ("dead", "silent", "rubbish"):
        reply = house.http.chat("s/clock", mcp_servers=[name])
        assert (reply.status, reply.code, reply.error["param"]) == (503, "no_healthy_upstream", "mcp_servers") and name in reply.error["message"]
    reply = house.http.chat("s/clock", mcp_servers=["dead", "time"])
    assert tokyo(reply.text) and set(reply.json()["mcp_server_errors"]) == {"dead"}
    unknown = house.http.chat("s/clock", mcp_servers=["tine"])
    assert (unknown.status, unknown.code) == (404, "mcp_server_not_found") and "Did you mean time?" in unknown.error["message"]
    assert (theirs := house.http.chat("s/clock", mcp_servers=["theirs"])).status == 403 and theirs.code == "mcp_server_not_allowed"


@pytest.mark.parametrize("value", ["time", 5, [5], [{}], ["https://evil.example/mcp"], [{"url": "http://169.254.169.254/"}], ["x"] * 33, [""]])
def test_bad_values(house: Gateway, value: Any) -> None:
    reply = house.http.chat("s/clock", mcp_servers=value)
    assert reply.status == 400 and reply.error["param"].startswith("mcp_servers"), reply


def test_a_server_that_dies_is_started_again(house: Gateway) -> None:
    reply = house.http.chat("s/killer", mcp_servers=["fragile"])
    assert reply.status == 200 and "exit status 7" in reply.text and reply.text.endswith("| 3"), reply


def test_a_tool_that_takes_too_long(house: Gateway) -> None:
    reply = house.http.chat("s/sleeper", mcp_servers=["odd"])
    assert "did not answer within 3 s" in reply.text
    # The next call is not behind it.
    assert house.http.chat("s/adder", mcp_servers=["odd"]).status == 200


def test_large_results_are_cut(house: Gateway) -> None:
    reply = house.http.chat("s/gossip", mcp_servers=["odd"])
    assert reply.status == 200 and len(reply.text) < 12_000 and "xxx" in reply.text


def test_a_child_is_given_nothing_that_it_was_not_meant_to_have(house: Gateway) -> None:
    reply = house.http.chat("s/spy", mcp_servers=["odd"])
    assert "to it" in reply.json()["mcp_tool_results"][0]["result"]
    assert "E2E_PROVIDER_KEY" not in reply.text and "PURSER" not in reply.text


def test_one_process_for_all(house: Gateway) -> None:
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: house.http.chat("s/clock", mcp_servers=["time"]), range(100)))
    assert all(tokyo(reply.text) for reply in replies)
    children = subprocess.run(["pgrep", "-P", str(house.process.pid), "-f", "mcp_server_time"], capture_output=True, text=True).stdout.split()
    assert len(children) == 1


def test_nothing_is_left(tmp_path: Path, provider: ToolUser) -> None:
    policy = POLICY.format(url=provider.url, python=sys.executable, server=SERVER, port=1, repository=tmp_path)
    gateway = Gateway(Site(tmp_path / "site", policy))
    assert gateway.http.chat("s/adder", mcp_servers=["odd"]).status == 200
    children = subprocess.run(["pgrep", "-P", str(gateway.process.pid)], capture_output=True, text=True).stdout.split()
    assert children
    gateway.stop()
    for child in children:
        assert not Path(f"/proc/{child}").exists()


def test_many_first_requests_at_once(tmp_path: Path, provider: ToolUser) -> None:
    """Lists that nobody has asked for before, by all at once, with a dead server among them."""
    policy = POLICY.format(url=provider.url, python=sys.executable, server=SERVER, port=1, repository=tmp_path)
    running = Gateway(Site(tmp_path / "site", policy))
    try:
        with ThreadPoolExecutor(16) as pool:
            for servers in [["time"], ["time", "odd", "dead"]]:
                replies = list(pool.map(lambda n, servers=servers: running.http.chat("s/clock", mcp_servers=servers, stream=n % 2 == 1), range(64)))
                assert all(reply.status == 200 and tokyo(reply.text) for reply in replies)
    finally:
        running.stop()


# --- The command line


def test_the_command_line(house: Gateway) -> None:
    listed = house.site.run("mcp", "list").stdout
    assert "2 tools, 2 allowed" in listed and "exit status 1" in listed
    assert "convert_time" in house.site.run("mcp", "tools", "time", check=True).stdout
    done = house.site.run("mcp", "call", "time", "get_current_time", '{"timezone": "Asia/Tokyo"}', check=True)
    assert json.loads(done.stdout)["timezone"] == "Asia/Tokyo"
    assert house.site.run("mcp", "call", "time", "get_current_time", '{"timezone": "Nowhere"}').returncode == 1
    assert house.site.run("mcp", "call", "time", "get_current_time", "[]").returncode == 2
    assert house.site.run("mcp", "tools", "nothing").returncode == 3


# --- The unmodified client of the guide


def test_the_dedalus_runner(house: Gateway) -> None:
    script = (
        "import asyncio, sys\nfrom dedalus_labs import AsyncDedalus, DedalusRunner\n"
        "async def main():\n"
        "    runner = DedalusRunner(AsyncDedalus())\n"
        "    result = await runner.run(input='what time is it in Tokyo?', model='s/clock', mcp_servers=['time'])\n"
        "    print(result.final_output)\nasyncio.run(main())\n"
    )
    environment = {
        "DEDALUS_BASE_URL": house.url, "DEDALUS_API_KEY": house.http.key, "SSL_CERT_FILE": str(house.site.ca), "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert tokyo(done.stdout.strip()), done.stderr
