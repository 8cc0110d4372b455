"""MCP clients at the gateway: the official SDK, in both eras, sees the same through it as it sees directly."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from support.gateway import Gateway
from support.tools import SERVER
from test_mcp import house, provider, web_server  # noqa: F401  (fixtures)

MODERN = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
Conversation = Callable[[Client], Awaitable[Any]]


def through(house: Gateway, path: str, mode: str, talk: Conversation) -> Any:
    async def run() -> Any:
        headers = {"authorization": f"Bearer {house.key}"}
        async with httpx2.AsyncClient(verify=house.site.trust(), headers=headers, timeout=30) as web:
            async with Client(streamable_http_client(f"{house.url}{path}", http_client=web), mode=mode) as client:
                return await talk(client)

    return anyio.run(run)


def directly(mode: str, talk: Conversation) -> Any:
    async def run() -> Any:
        parameters = StdioServerParameters(command=sys.executable, args=[str(SERVER), "stdio"], env={"GIVEN": "to it"})
        async with Client(parameters, mode=mode) as client:
            return await talk(client)

    return anyio.run(run)


async def everything(client: Client) -> list[Any]:
    """What a client may see of a server."""
    tools = (await client.list_tools()).tools
    seen: list[Any] = [client.instructions, client.server_info.name]
    seen.append([tool.model_dump() for tool in tools if tool.name != "die"])
    seen.append((await client.call_tool("add", {"a": 2, "b": 3})).model_dump(exclude={"meta"}))
    seen.append((await client.call_tool("fail", {"why": "ünlucky"})).model_dump(exclude={"meta"}))
    seen.append((await client.call_tool("add", {"a": "two"})).is_error)
    seen.append([prompt.model_dump() for prompt in (await client.list_prompts()).prompts])
    seen.append((await client.get_prompt("greeting", {"name": "Ada"})).model_dump(exclude={"meta"}))
    seen.append([one.model_dump() for one in (await client.list_resources()).resources])
    seen.append([one.model_dump() for one in (await client.list_resource_templates()).resource_templates])
    for uri in ["memo://first", "memo://7/more"]:
        seen.append([one.model_dump() for one in (await client.read_resource(uri)).contents])
    return seen


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_one_server_as_it_is(house: Gateway, mode: str) -> None:  # noqa: F811
    assert through(house, "/mcp/odd", mode, everything) == directly(mode, everything)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_all_servers_as_one(house: Gateway, mode: str) -> None:  # noqa: F811
    async def talk(client: Client) -> Any:
        names = [tool.name for tool in (await client.list_tools()).tools]
        return names, await client.call_tool("time__get_current_time", {"timezone": "Asia/Tokyo"}), await client.call_tool("odd__add", {"a": 1, "b": 1})

    names, time, added = through(house, "/mcp", mode, talk)
    assert {"time__convert_time", "git__git_status", "odd__add", "web__add"} <= set(names)
    # Neither what is denied nor what is another team's nor what is dead.
    assert not {name for name in names if name.startswith(("theirs", "dead", "silent")) or name == "odd__die"}
    assert names == through(house, "/mcp", mode, talk)[0]
    assert json.loads(time.content[0].text)["timezone"] == "Asia/Tokyo"
    assert added.structured_content == {"result": 2}


def post(house: Gateway, path: str, message: Any, **headers: str) -> Any:
    fields = {"MCP-Protocol-Version": MODERN, "content-type": "application/json", **headers}
    if isinstance(message, dict) and "Mcp-Method" not in headers:
        fields["Mcp-Method"] = str(message.get("method"))
        if "name" in message.get("params", {}):
            fields["Mcp-Name"] = message["params"]["name"]
    return house.http.send("POST", path, message if isinstance(message, bytes) else json.dumps(message).encode(), headers=fields)


def message(method: str, /, id: Any = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": {**params, "_meta": META}}


def test_each_call_is_on_the_bill(house: Gateway) -> None:  # noqa: F811
    reply = post(house, "/mcp/odd", message("tools/call", name="add", arguments={"a": 20, "b": 22}))
    assert reply.status == 200 and reply.json()["result"]["structuredContent"] == {"result": 42} and reply.json()["result"]["resultType"] == "complete"
    record = house.site.record(reply)
    assert (record["role"], record["tool"], record["status"], record["team"], record["cost_usd"]) == ("tool", "odd/add", "ok", "acme/research", "0")
    failed = post(house, "/mcp/odd", message("tools/call", name="fail", arguments={"why": "x"}))
    assert failed.json()["result"]["isError"] and house.site.record(failed)["status"] == "error"


@pytest.mark.parametrize(
    ("sent", "headers", "status", "code"),
    [
        (b"{", {}, 400, -32700),
        (b"[]", {}, 400, -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', {}, 400, -32600),
        (message("ping", id=None), {}, 400, -32600),
        (message("ping", id={"a": 1}), {}, 400, -32600),
        (message("nothing/like/it"), {}, 404, -32601),
        (message("prompts/list"), {}, 404, -32601),
        (message("tools/call", name="nothing"), {}, 200, -32602),
        (message("tools/call", name="odd__die"), {}, 200, -32602),
        (message("tools/call", name="odd__add", arguments=[1]), {}, 200, -32602),
        (message("tools/list"), {"Mcp-Method": "ping"}, 400, -32020),
        (message("tools/call", name="odd__add"), {"Mcp-Method": "tools/call", "Mcp-Name": "odd__shout"}, 400, -32020),
        (message("tools/list"), {"MCP-Protocol-Version": "2031-01-01"}, 400, -32020),
        ({**message("tools/list"), "params": {"_meta": {**META, "io.modelcontextprotocol/protocolVersion": "2031-01-01"}}}, {}, 400, -32022),
        ({**message("tools/list"), "params": {}}, {}, 400, -32602),
    ],
)
def test_bad_messages(house: Gateway, sent: Any, headers: dict[str, str], status: int, code: int) -> None:  # noqa: F811
    reply = post(house, "/mcp", sent, **headers)
    assert (reply.status, reply.json()["error"]["code"]) == (status, code), reply.json()


def test_who_may_use_what(house: Gateway) -> None:  # noqa: F811
    assert house.client(None).send("POST", "/mcp", b"{}").status == 401
    assert post(house, "/mcp/theirs", message("tools/list")).status == 403
    assert post(house, "/mcp/nowhere", message("tools/list")).status == 404
    assert post(house, "/mcp/odd", message("tools/call", name="die")).json()["error"]["code"] == -32602
    assert post(house, "/mcp", message("tools/list"), Origin="https://evil.example").status == 403
    for method in ["GET", "DELETE"]:
        assert house.http.send(method, "/mcp").status == 405
    dead = post(house, "/mcp/dead", message("tools/list"))
    assert dead.status == 200 and "dead cannot be reached" in dead.json()["error"]["message"] or "was lost" in dead.json()["error"]["message"]


def test_what_wants_no_answer_gets_none(house: Gateway) -> None:  # noqa: F811
    for sent in [{"jsonrpc": "2.0", "method": "notifications/initialized"}, {"jsonrpc": "2.0", "id": 5, "result": {}}]:
        reply = post(house, "/mcp", sent)
        assert (reply.status, reply.body) == (202, b"")


def test_a_client_that_leaves_ends_its_call(house: Gateway) -> None:  # noqa: F811
    sent = json.dumps(message("tools/call", name="sleep", arguments={"seconds": 20})).encode()
    fields = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "sleep", "x-request-id": "left-early"}
    # The time-out of the server is 3 s: what is on the bill before is no time-out.
    with pytest.raises(TimeoutError):
        house.http.send("POST", "/mcp/odd", sent, headers=fields, timeout=0.5)
    assert house.site.record("left-early")["status"] == "canceled"
