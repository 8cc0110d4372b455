"""Providers that take nothing but valid prompts, each by its own rules, and say what is wrong with any other."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Iterator

from ..scripted import Call, Wire
from .script import Dialect, Script

#: A proof of thoughts that every strict provider knows as its own, and those that none does.
OWN = "T1dOLXByb29m"
FOREIGN = ("", "Rk9SRUlHTg==")
SIGNATURES = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n", "gif": b"GIF8", "webp": b"RIFF"}
Block = dict[str, Any]


class Invalid(Exception):
    """What is wrong with a prompt."""


def check(condition: Any, what: str) -> None:
    if not condition:
        raise Invalid(what)


def blank(text: str) -> bool:
    return not text.strip()


def media(kind: str, data: str, known: tuple[str, ...]) -> None:
    """The bytes are what the label says."""
    check(kind in known, f"media type {kind}")
    decoded = base64.b64decode(data, validate=True)
    check(decoded, "empty medium")
    told = next((name for name, start in SIGNATURES.items() if decoded.startswith(start)), kind)
    check(told == kind, f"labelled {kind}, is {told}")


def alternating(turns: list[tuple[str, list[Block]]], assistant: str) -> None:
    check(turns, "no messages")
    for index, (role, blocks) in enumerate(turns):
        check(role == (assistant if index % 2 else "user"), f"the role of messages.{index} is {role}")
        check(blocks, f"messages.{index} is empty")


def names(offered: list[str], used: list[str], pattern: str) -> None:
    for name in offered + used:
        check(re.fullmatch(pattern, name), f"tool name {name!r}")
    check(len(set(offered)) == len(offered), "tool names must be unique")


def paired(turns: list[tuple[list[str], list[str], int]], pattern: str) -> None:
    """`turns`: ids of calls, ids of results, and how many blocks stand before the last result."""
    seen: set[str] = set()
    before: list[str] = []
    for calls, results, leading in turns:
        check(sorted(results) == sorted(before), f"results {results} for calls {before}")
        check(leading == len(results), "results must come first")
        for id in calls:
            check(re.fullmatch(pattern, id) and len(id) <= 64, f"id {id!r}")
            check(id not in seen, f"id {id!r} twice")
            seen.add(id)
        before = calls
    check(not before, f"calls {before} without results")


def takes_prefill(model: str) -> bool:
    version = re.search(r"claude-(?:[a-z]+-)?(\d+)(?:-(\d{1,2})(?!\d))?", model)
    return bool(version) and (int(version[1]), int(version[2] or 0)) < (4, 6)


def of_kind(turns: list[tuple[str, list[Block]]], member: str) -> list[Any]:
    return [block[member] for _, blocks in turns for block in blocks if member in block]


def anthropic(body: dict[str, Any], model: str) -> None:
    turns = [(message["role"], message["content"]) for message in body["messages"]]
    alternating(turns, "assistant")
    calls = [block for _, blocks in turns for block in blocks if block["type"] == "tool_use"]
    offered = [tool["name"] for tool in body.get("tools", [])]
    names(offered, [call["name"] for call in calls], r"[a-zA-Z0-9_-]{1,128}")
    choice = body.get("tool_choice")
    check(not choice or offered, "tool_choice without tools")
    check(not choice or choice["type"] != "tool" or choice["name"] in offered, "tool_choice names no tool")
    check(not calls or offered, "tool blocks without tools")
    paired([_anthropic_pair(blocks) for _, blocks in turns], r"[a-zA-Z0-9_-]+")
    blocks = [block for block in body.get("system", [])] + [block for _, blocks in turns for block in blocks]
    for block in blocks:
        if block["type"] == "tool_result" and block.get("is_error"):
            check(block["content"], "content cannot be empty if `is_error` is true")
            check(all(part["type"] == "text" for part in block["content"]), "all content must be type `text` if `is_error` is true")
    for role, parts in turns:
        check(role == "user" or all(block["type"] not in ("image", "document") for block in parts), "media of the assistant's")
    inner = [part for block in blocks if block["type"] == "tool_result" for part in block["content"]]
    for block in blocks + inner:
        _anthropic_block(block)
    _anthropic_marks(body.get("tools", []) + blocks)
    for text in body.get("stop_sequences", []):
        check(not blank(text), "a stop sequence must contain non-whitespace")
    for role, blocks in turns:
        check(role == "user" or blocks[-1]["type"] not in ("thinking", "redacted_thinking"), "the final block is thinking")
    if turns[-1][0] == "assistant":
        check(takes_prefill(model) and "thinking" not in body, "This model does not support assistant message prefill.")
        last = turns[-1][1][-1].get("text", "")
        check(last == last.rstrip(), "final assistant content cannot end with trailing whitespace")
        check("thinking" not in [block["type"] for block in turns[-1][1]], "thinking in the final position while thinking is disabled")


def _anthropic_pair(blocks: list[Block]) -> tuple[list[str], list[str], int]:
    results = [index for index, block in enumerate(blocks) if block["type"] == "tool_result"]
    return [block["id"] for block in blocks if block["type"] == "tool_use"], [blocks[at]["tool_use_id"] for at in results], results[-1] + 1 if results else 0


def _anthropic_block(block: Block) -> None:
    if block["type"] == "text":
        check(not blank(block["text"]), "text content blocks must contain non-whitespace text")
    elif block["type"] == "thinking":
        check(block["signature"] not in FOREIGN, "Invalid `signature` in `thinking` block")
    elif block["type"] == "image" and block["source"]["type"] == "base64":
        media(block["source"]["media_type"].removeprefix("image/"), block["source"]["data"], ("jpeg", "png", "gif", "webp"))
    elif block["type"] == "document" and block["source"]["type"] == "base64":
        media(block["source"]["media_type"], block["source"]["data"], ("application/pdf",))


def _anthropic_marks(blocks: list[Block]) -> None:
    marks = [block["cache_control"] for block in blocks if "cache_control" in block]
    check(len(marks) <= 4, f"{len(marks)} blocks with cache_control")
    check(not any("cache_control" in block for block in blocks if block.get("type") in ("thinking", "redacted_thinking")), "thinking is marked")
    times = [mark.get("ttl", "5m") for mark in marks]
    check(all(mark["type"] == "ephemeral" for mark in marks) and set(times) <= {"5m", "1h"}, "unknown mark")
    check(times == sorted(times), "a ttl of 1h behind one of 5m")


def bedrock(body: dict[str, Any], model: str) -> None:
    turns = [(message["role"], message["content"]) for message in body["messages"]]
    alternating(turns, "assistant")
    calls, config = of_kind(turns, "toolUse"), body.get("toolConfig", {})
    offered = [tool["toolSpec"]["name"] for tool in config.get("tools", []) if "toolSpec" in tool]
    names(offered, [call["name"] for call in calls], r"[a-zA-Z0-9_-]{1,64}")
    named = config.get("toolChoice", {}).get("tool")
    check(not named or named["name"] in offered, "toolChoice names no tool")
    check(not calls or offered, "The toolConfig field must be defined when using toolUse and toolResult content blocks.")
    paired([_bedrock_pair(blocks) for _, blocks in turns], r"[a-zA-Z0-9_-]+")
    lists = [config.get("tools", []), body.get("system", []), *(blocks for _, blocks in turns)]
    for blocks in lists + [result["content"] for result in of_kind(turns, "toolResult")]:
        _bedrock_content(blocks)
    points = [block["cachePoint"] for blocks in lists for block in blocks if "cachePoint" in block]
    check(len(points) <= 4 and (not points or "claude" in model or "nova" in model), "cache points")
    for result in of_kind(turns, "toolResult"):
        check(result["content"], "an empty result")
    documents = [document["name"] for document in of_kind(turns, "document")]
    check(len(set(documents)) == len(documents), "Document names must be distinct")
    for text in body.get("inferenceConfig", {}).get("stopSequences", []):
        check(not blank(text) or "claude" not in model, "a stop sequence must contain non-whitespace")
    if turns[-1][0] == "assistant":
        check((takes_prefill(model) and "thinking" not in json.dumps(body)) or "nova" in model, "The conversation must end with a user message.")
        last = turns[-1][1][-1].get("text", "")
        check(last == last.rstrip(), "final assistant content cannot end with trailing whitespace")


def _bedrock_pair(blocks: list[Block]) -> tuple[list[str], list[str], int]:
    blocks = [block for block in blocks if "cachePoint" not in block]
    results = [index for index, block in enumerate(blocks) if "toolResult" in block]
    return [block["toolUse"]["toolUseId"] for block in blocks if "toolUse" in block], [blocks[at]["toolResult"]["toolUseId"] for at in results], results[-1] + 1 if results else 0


def _bedrock_content(blocks: list[Block]) -> None:
    previous: Block = {"cachePoint": {}}
    for block in blocks:
        if "text" in block:
            check(not blank(block["text"]), "The text field in the ContentBlock object is blank.")
        elif "image" in block:
            media(block["image"]["format"], block["image"]["source"]["bytes"], ("jpeg", "png", "gif", "webp"))
        elif "document" in block:
            check(re.fullmatch(r"(?!.*\s\s)[a-zA-Z0-9\s()\[\]-]{1,200}", block["document"]["name"]), f"name {block['document']['name']!r}")
            check(any("text" in one for one in blocks), "a document without a text block beside it")
        elif "reasoningContent" in block:
            check(block["reasoningContent"].get("reasoningText", {"signature": OWN})["signature"] not in FOREIGN, "a foreign signature")
        elif "cachePoint" in block:
            check("cachePoint" not in previous and "reasoningContent" not in previous, "a cache point with nothing before it")
            check(previous.get("document", {"format": "pdf"})["format"] == "pdf", "a cache point behind a document that is no PDF")
        previous = block


def gemini(body: dict[str, Any], model: str) -> None:
    turns = [(content["role"], content["parts"]) for content in body["contents"]]
    alternating(turns, "model")
    offered = [one["name"] for tool in body.get("tools", []) for one in tool["functionDeclarations"]]
    names(offered, [call["name"] for call in of_kind(turns, "functionCall")], r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}")
    allowed = body.get("toolConfig", {}).get("functionCallingConfig", {}).get("allowedFunctionNames", [])
    check(set(allowed) <= set(offered), "allowedFunctionNames")
    before: list[str] = []
    for _, parts in turns:
        check([part["functionResponse"]["name"] for part in parts if "functionResponse" in part] == before, f"responses to {before}")
        before = [part["functionCall"]["name"] for part in parts if "functionCall" in part]
        for part in parts:
            check(part.get("text", "x"), "an empty text")
            check(part.get("thoughtSignature", OWN) not in FOREIGN, "Corrupted thought signature.")
            if part.get("inlineData", {}).get("mimeType", "").startswith("image/"):
                media(part["inlineData"]["mimeType"].removeprefix("image/"), part["inlineData"]["data"], ("jpeg", "png", "gif", "webp", "heic", "heif"))
    check(not before, f"calls {before} without responses")
    check(len(body.get("generationConfig", {}).get("stopSequences", [])) <= 5, "more than 5 stop sequences")
    check(turns[-1][0] == "user" or re.search(r"gemini-(2|3-|3\.1)", model), "Requests ending with a model turn are not supported.")


RULES = {"anthropic": anthropic, "bedrock": bedrock, "gemini": gemini}


def complaint(kind: str, model: str, body: dict[str, Any]) -> str | None:
    """What this provider's model has against the request; `None`: it takes it."""
    try:
        RULES[kind](body, model)
    except Invalid as wrong:
        return str(wrong)
    return None


def _calls(dialect: Dialect, body: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for index, name in enumerate(dialect.offered(body)):
        yield f"call_{index}", name, {"tool": index}


async def strict(dialect: Dialect, call: Call, wire: Wire) -> None:
    """Refuses what is not valid; calls every tool that it is offered, and says so much where there is none."""
    wrong = complaint(dialect.kind, call.model, call.body)
    if wrong:
        return await wire.reply_json(400, dialect.failure(400, wrong))
    tools = list(_calls(dialect, call.body))
    await dialect.answer(call, wire, Script(text="" if tools else "taken", tools=tools))
