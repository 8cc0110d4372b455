"""What OpenAI takes, every provider gets in a form that it takes: conversations against providers that refuse whatever is not valid."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Iterator

import pytest

from support.dialects.provider import KEYS, DialectProvider
from support.dialects.strict import FOREIGN, OWN, complaint
from support.gateway import Gateway, Site
from support.http import Reply
from support.scripted import ScriptedProvider

GOLDEN = Path(__file__).parent.parent / "ProvidersTests" / "Golden"
MODELS = {
    "an/c45": ("an", "claude-sonnet-4-5"), "an/o46": ("an", "claude-opus-4-6"), "an/s5": ("an", "claude-sonnet-5"), "an/h3": ("an", "claude-3-haiku-20240307"),
    "be/c45": ("be", "us.anthropic.claude-haiku-4-5-20251001-v1:0"), "be/o46": ("be", "us.anthropic.claude-opus-4-6-v1"),
    "be/nova": ("be", "amazon.nova-pro-v1:0"), "be/llama": ("be", "meta.llama3-3-70b-instruct-v1:0"),
    "ge/g3": ("ge", "gemini-3-flash-preview"), "ge/g25": ("ge", "gemini-2.5-flash"), "ge/g36": ("ge", "gemini-3.6-flash"),
}  # fmt: skip
KINDS = {"an": "anthropic", "be": "bedrock", "ge": "gemini"}
MAIN = ["an/c45", "be/c45", "ge/g3"]
MARK = {"type": "ephemeral"}
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}}
JPEG, PNG, GIF = "/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==", "iVBORw0KGgoAAAANSUhEUg==", "R0lGODlhAQABAAAAACw="
WEBP, PDF, CSV = "UklGRiQAAABXRUJQVlA4IBgAAAA=", "JVBERi0xLjQK", "YSxiCg=="


def policy(url: str, plain: str) -> str:
    common = f"base_url: {url.removesuffix('/v1')}, retry: {{attempts: 1}}, breaker: off"
    lines = [
        "providers:",
        f"  an: {{kind: anthropic, api_key: ${{E2E_ANTHROPIC_KEY}}, {common}}}",
        f"  ge: {{kind: gemini, api_key: ${{E2E_GEMINI_KEY}}, {common}}}",
        f"  be: {{kind: bedrock, region: us-east-1, access_key_id: ${{E2E_AWS_ID}}, secret_access_key: ${{E2E_AWS_SECRET}}, {common}}}",
        f"  oa: {{kind: openai, base_url: {plain}, retry: {{attempts: 1}}, breaker: off}}",
        "models:",
        "  oa/echo: {provider: oa, price: free}",
    ]
    for name, (provider, upstream) in MODELS.items():
        lines.append(f'  {name}: {{provider: {provider}, upstream_model: "{upstream}@strict", price: free}}')
        lines.append(f"  chain-{name.replace('/', '-')}: {{fallback: [{name}, oa/echo]}}")
    return "\n".join(lines) + "\norganizations: {acme: {teams: {research: {}}}}\n"


@pytest.fixture(scope="module")
def strict_house(tmp_path_factory: pytest.TempPathFactory, dialects: DialectProvider, provider: ScriptedProvider) -> Iterator[Gateway]:
    site = Site(tmp_path_factory.mktemp("strict") / "site", policy(dialects.url, provider.url))
    site.environment |= KEYS
    running = Gateway(site)
    yield running
    running.stop()


class Asked:
    """An answer, and the body that the provider was sent for it; `None` when it was not called."""

    def __init__(self, house: Gateway, dialects: DialectProvider, model: str, body: dict[str, Any]):
        before = len(dialects.calls)
        self.reply: Reply = house.http.send("POST", "/v1/chat/completions", {"model": model, **body})
        calls = dialects.calls[before:]
        self.body: dict[str, Any] | None = calls[-1].body if calls else None

    def names(self) -> list[str]:
        """The tools that were called, as the client reads their names."""
        if (self.reply.headers["content-type"] or "").startswith("text/event-stream"):
            deltas = [choice["delta"] for chunk in self.reply.chunks() for choice in chunk["choices"]]
        else:
            deltas = [choice["message"] for choice in self.reply.json()["choices"]]
        return [call["function"]["name"] for delta in deltas for call in delta.get("tool_calls") or [] if call["function"].get("name")]


@pytest.fixture
def ask(strict_house: Gateway, dialects: DialectProvider) -> Any:
    return lambda model, messages, **body: Asked(strict_house, dialects, model, {"messages": messages, **body})


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def assistant(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def image(kind: str, data: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}


def document(kind: str, data: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": "file", "file": {"filename": name, "file_data": f"data:{kind};base64,{data}"}, **more}


def call(id: str | None, name: str = "look", arguments: str = "{}") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def result(id: str | None, content: Any = "done") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": content}


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {**LOOK["function"], "name": name}, **more}


# --- One thing at a time

NAMES = ["fs.read", "a.b", "a_b", "1c_probe", "git/log", "n" * 70, "n" * 69 + "m", "Größe", "look-up", "a b"]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("model", MODELS)
def test_tool_names_in_answers_are_the_clients(ask: Any, model: str, stream: bool) -> None:
    history = [user("hi"), assistant(None, tool_calls=[call("c1", "fs.read", '{"q":"x"}'), call("c2", "gone/away")]), result("c1"), result("c2"), user("again")]
    # Llama cannot be made to call a tool.
    choice = {} if model == "be/llama" else {"tool_choice": {"type": "function", "function": {"name": "fs.read"}}}
    asked = ask(model, history, tools=[tool(name) for name in NAMES], stream=stream, **choice)
    assert asked.reply.status == 200, asked.reply
    assert asked.names() == NAMES


KINDS_OF_IMAGES = [
    ("image/jpg", JPEG), ("image/JPEG", JPEG), ("image/pjpeg", JPEG), ("image/x-png", PNG), ("image/png", JPEG), ("image/jpeg", PNG), ("image/jpeg", GIF),
    ("image/gif", WEBP), ("image/png;charset=utf-8", PNG), ("application/octet-stream", JPEG), ("", PNG), ("image/jpeg", JPEG.rstrip("=").replace("/", "_")),
    ("image/png", PNG[:8] + "\r\n" + PNG[8:] + "\n"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data"), KINDS_OF_IMAGES)
@pytest.mark.parametrize("model", MAIN)
def test_images_are_labelled_as_what_they_are(ask: Any, model: str, kind: str, data: str) -> None:
    asked = ask(model, [user([text("see"), image(kind, data)])])
    assert asked.reply.status == 200, asked.reply


@pytest.mark.parametrize("kind", ["image/svg+xml", "image/bmp", "image/tiff"])
@pytest.mark.parametrize("model", MAIN)
def test_images_of_other_types_are_refused_before_any_call_and_a_chain_goes_on(ask: Any, model: str, kind: str) -> None:
    messages = [user([text("see"), image(kind, "PHN2Zy8+")])]
    asked = ask(model, messages)
    assert (asked.reply.status, asked.reply.error["param"], asked.body) == (400, "messages.0.content.1.image_url.url", None)
    assert ask(f"chain-{model.replace('/', '-')}", messages).reply.status == 200


def test_documents_for_bedrock_have_a_text_beside_them(ask: Any) -> None:
    for content in (
        [document("application/pdf", PDF, "Q3 report v2.1.pdf")],
        [document("application/pdf", PDF, "a  b.pdf", cache_control=MARK)],
        [text(" "), document("text/csv", CSV, "a.csv", cache_control=MARK), document("text/csv", CSV, "a.csv")],
    ):
        asked = ask("be/c45", [user(content), assistant("Read."), user(content)])
        assert asked.reply.status == 200, asked.reply


UNANSWERED: dict[str, list[dict[str, Any]]] = {
    "one": [result("c1"), user("go on")], "both, and nothing more": [], "both": [user("go on")], "late": [user("wait"), result("c2"), result("c1")],
    "after an answer": [result("c2"), assistant("So."), user("and?"), result("c1")], "to nobody": [result("c3"), result("c2")],
    "twice": [result("c1"), result("c1"), result("c2")], "an answer at once": [assistant("Never mind.")],
}  # fmt: skip


@pytest.mark.parametrize("rest", UNANSWERED.values(), ids=UNANSWERED.keys())
@pytest.mark.parametrize("model", MODELS)
def test_calls_have_one_result_each(ask: Any, model: str, rest: list[dict[str, Any]]) -> None:
    asked = ask(model, [user("hi"), assistant(None, tool_calls=[call("c1"), call("c2")]), *rest], tools=[LOOK])
    assert asked.reply.status == 200, asked.reply


IDS = [["c.1", "c_1"], ["c1", "c1"], ["", ""], [None, None], ["call_" + "x" * 90 + "1", "call_" + "x" * 90 + "2"], ["ä", "ö"], ["a b", "a_b"]]


@pytest.mark.parametrize("ids", IDS, ids=str)
@pytest.mark.parametrize("model", MAIN)
def test_results_go_to_their_calls_whatever_the_ids(ask: Any, model: str, ids: list[str | None]) -> None:
    calls = [call(id, "look", json.dumps({"q": number})) for number, id in enumerate(ids)]
    results = [result(id, f"result {number}") for number, id in enumerate(ids)]
    if len(set(ids)) == len(ids):
        results.reverse()
    asked = ask(model, [user("hi"), assistant(None, tool_calls=calls), *results], tools=[LOOK])
    assert asked.reply.status == 200, asked.reply
    turns = asked.body["contents" if model.startswith("ge") else "messages"]
    if model.startswith("ge"):
        assert [part["functionResponse"]["response"]["output"] for part in turns[2]["parts"]] == ["result 0", "result 1"]
        return
    asks, answers = [[block.get("toolUse") or block.get("toolResult") or block for block in turn["content"]] for turn in turns[1:]]
    for number, one in enumerate(asks):
        id = one.get("toolUseId") or one["id"]
        found = [answer for answer in answers if (answer.get("toolUseId") or answer.get("tool_use_id")) == id]
        assert [answer["content"][0]["text"] for answer in found] == [f"result {number}"]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("model", MODELS)
def test_a_conversation_may_end_with_the_assistant(ask: Any, model: str, stream: bool) -> None:
    asked = ask(model, [user("2+2?"), assistant("The answer is \n")], stream=stream)
    assert (asked.reply.status, asked.reply.text) == (200, "taken"), asked.reply
    turns = asked.body["contents" if model.startswith("ge") else "messages"]
    goes_on = model in ("an/c45", "an/h3", "be/c45", "be/nova", "ge/g3", "ge/g25")
    assert len(turns) == (2 if goes_on else 3)


def test_a_prefill_is_answered_where_the_model_thinks(ask: Any) -> None:
    for model in ("an/c45", "be/c45"):
        asked = ask(model, [user("2+2?"), assistant("The answer is")], reasoning_effort="high")
        assert asked.reply.status == 200, asked.reply


FOREIGN_PARTS: list[list[dict[str, Any]]] = [
    [{"type": "thinking", "thinking": [text("hm")]}, text("42")], [{"type": "thinking", "thinking": "hm"}, text("42")],
    [{"type": "reasoning", "text": "hm"}, text("42")], [text("42"), {"type": "thinking", "thinking": "hm", "signature": ""}],
    [{"type": "thinking", "thinking": "hm"}],
]  # fmt: skip


@pytest.mark.parametrize("parts", FOREIGN_PARTS, ids=str)
@pytest.mark.parametrize("model", MAIN)
def test_foreign_thoughts_among_the_parts_are_left_out(ask: Any, model: str, parts: list[dict[str, Any]]) -> None:
    asked = ask(model, [user("?"), assistant(parts), user("sure?")])
    assert asked.reply.status == 200, asked.reply
    sent = json.dumps(asked.body)
    assert "hm" not in sent and ("42" in sent) == any(part.get("text") == "42" for part in parts)


def test_foreign_details_are_left_out_and_own_ones_come_back(ask: Any) -> None:
    claude = {"type": "reasoning.text", "text": "hm", "signature": OWN, "format": "anthropic-claude-v1"}
    google = {"type": "reasoning.encrypted", "data": OWN, "id": "c1", "format": "google-gemini-v1"}
    other = {"type": "reasoning.encrypted", "data": FOREIGN[1], "format": "openai-responses-v1"}
    for model, count in (("an/c45", 1), ("be/c45", 1), ("ge/g3", 1), ("be/llama", 0)):
        asked = ask(model, [user("?"), assistant(None, tool_calls=[call("c1")], reasoning_details=[claude, google, other]), result("c1")], tools=[LOOK])
        assert asked.reply.status == 200, asked.reply
        assert json.dumps(asked.body).count(OWN) == count


def test_googles_signatures_in_calls_come_back(ask: Any) -> None:
    signed = {**call("c1"), "extra_content": {"google": {"thought_signature": OWN}}}
    for model in MAIN:
        asked = ask(model, [user("hi"), assistant(None, tool_calls=[signed, call("c2")]), result("c1"), result("c2")], tools=[LOOK])
        assert asked.reply.status == 200, asked.reply
        assert json.dumps(asked.body).count(OWN) == (1 if model.startswith("ge") else 0)


def test_six_cache_marks_become_the_last_four(ask: Any) -> None:
    system = {"role": "system", "content": [text("s1", cache_control=MARK), text("s2", cache_control=MARK)]}
    first = user([text("u1", cache_control=MARK), text("u2", cache_control=MARK)])
    messages = [system, first, assistant("a"), user([text("u3", cache_control=MARK)])]
    for model, count in (("an/c45", 4), ("be/c45", 4), ("be/llama", 0), ("ge/g3", 0)):
        asked = ask(model, messages, tools=[tool("look", cache_control=MARK)])
        assert asked.reply.status == 200, asked.reply
        sent = json.dumps(asked.body)
        assert sent.count("cache_control") + sent.count("cachePoint") == count
        assert all(words in sent for words in ("s1", "s2", "u1", "u2", "u3"))


def test_tool_choices_without_tools(ask: Any) -> None:
    for model in MAIN:
        for choice in ("auto", "none"):
            assert ask(model, [user("hi")], tool_choice=choice, tools=[], parallel_tool_calls=False).reply.status == 200
        for choice in ("required", {"type": "function", "function": {"name": "look"}}):
            asked = ask(model, [user("hi")], tool_choice=choice)
            assert (asked.reply.status, asked.reply.error["param"], asked.body) == (400, "tool_choice", None)


# --- Everything at once


def part(dice: random.Random) -> dict[str, Any]:
    mark = {"cache_control": dice.choice([MARK, {**MARK, "ttl": "1h"}, {**MARK, "ttl": "9d"}])} if dice.random() < 0.3 else {}
    return {
        **dice.choice([
            text(dice.choice(["", " ", "\u00a0\n", "word", "two words "])), text("x"), image(dice.choice(["image/jpg", "image/png", ""]), dice.choice([JPEG, PNG, GIF, WEBP])),
            document("application/pdf", PDF, dice.choice(["a.pdf", "a  b (1).pdf", "ä.pdf", ""])), document("text/csv", CSV, "a.csv"),
            {"type": "thinking", "thinking": "hm"}, {"type": "refusal", "refusal": "no"}, image("image/svg+xml", "PHN2Zy8+") if dice.random() < 0.1 else text("y"),
        ]), **mark,
    }  # fmt: skip


def content(dice: random.Random) -> Any:
    return dice.choice([None, "", " ", "word", "word \n"]) if dice.random() < 0.5 else [part(dice) for _ in range(dice.randrange(4))]


def said(dice: random.Random) -> Any:
    """An assistant's content: words and thoughts only."""
    own = content(dice)
    return [one for one in own if one["type"] in ("text", "refusal", "thinking")] if isinstance(own, list) else own


def message(dice: random.Random, ids: list[str], names: list[str]) -> dict[str, Any]:
    role = dice.choice(["user", "user", "assistant", "assistant", "tool", "tool", "system", "developer"])
    if role == "tool":
        return {"role": role, "tool_call_id": dice.choice(ids), "content": content(dice) or "", **({"is_error": True} if dice.random() < 0.2 else {})}
    if role == "assistant":
        calls = [call(dice.choice(ids), dice.choice(names), dice.choice(["{}", "", '{"q":1}', "[1]", '{"q'])) for _ in range(dice.choice([0, 0, 1, 2, 3]))]
        proofs = [{"type": "reasoning.text", "text": "t", "signature": OWN, "format": "anthropic-claude-v1"}, {"type": "reasoning.text", "text": "t", "signature": FOREIGN[1], "format": "x"}]
        more: dict[str, Any] = {"reasoning_details": dice.sample(proofs, dice.randrange(3))} if dice.random() < 0.4 else {}
        return {"role": role, "content": said(dice), **({"tool_calls": calls} if calls else {}), **more}
    if role == "user":
        return {"role": role, "content": content(dice) or "", **({"cache_control": MARK} if dice.random() < 0.2 else {})}
    return {"role": role, "content": dice.choice(["", " ", "Be brief.", [text("s", cache_control=MARK), text(" ", cache_control=MARK)]])}


def request(dice: random.Random) -> dict[str, Any]:
    ids = dice.sample(["c1", "c.1", "c_1", "", "x" * 80, "x" * 81, "tool:2", "ä"], 4)
    names = dice.sample([*NAMES, "look", "a_b_2", "json_response"], 4)
    body: dict[str, Any] = {"messages": [message(dice, ids, names) for _ in range(dice.randrange(1, 9))]}
    if dice.random() < 0.7:
        offered = dice.sample(names, dice.randrange(1, 5))
        body["tools"] = [tool(name, **({"cache_control": MARK} if dice.random() < 0.3 else {})) for name in offered]
        body["tool_choice"] = dice.choice(["auto", "none", "required", {"type": "function", "function": {"name": dice.choice(offered)}}])
    if dice.random() < 0.3:
        body["stop"] = dice.choice(["\n", ["\n\n", "END"], [" "]])
    if dice.random() < 0.2:
        body["reasoning_effort"] = dice.choice(["low", "high"])
    if dice.random() < 0.2:
        body["response_format"] = {"type": "json_object"}
    return {**body, "stream": dice.random() < 0.5}


@pytest.mark.parametrize("seed", range(20))
def test_any_conversation_is_taken_or_refused_before_any_call(ask: Any, seed: int) -> None:
    dice = random.Random(f"conversations {seed}")
    for _ in range(5):
        body = request(dice)
        for model in MODELS:
            asked = ask(model, body["messages"], **{name: value for name, value in body.items() if name != "messages"})
            told = f"{model}: {json.dumps(body, ensure_ascii=False)}\nsent: {json.dumps(asked.body, ensure_ascii=False)}\ngot: {asked.reply}"
            if asked.reply.status != 200:
                assert asked.reply.status == 400 and asked.reply.error["param"] and asked.body is None, told
                continue
            known = {one["function"]["name"] for one in body.get("tools", [])} | {one["function"]["name"] for each in body["messages"] for one in each.get("tool_calls", [])}
            assert set(asked.names()) <= known, told


def golden(wire: str) -> list[Any]:
    files = sorted(file for file in GOLDEN.glob(f"{wire}/*/upstream.txt") if file.read_text().startswith("POST"))
    return [pytest.param(wire, file, id=f"{wire}/{file.parent.name}") for file in files]


@pytest.mark.parametrize(("wire", "file"), [one for wire in KINDS.values() for one in golden(wire)])
def test_golden_requests_are_valid(wire: str, file: Path) -> None:
    facts = file.parent / "model.json"
    usual = {"anthropic": "claude-3-5-sonnet-20241022", "bedrock": "anthropic.claude-3-5-sonnet-20241022-v2:0", "gemini": "gemini-2.5-flash"}[wire]
    model = json.loads(facts.read_text()).get("name", usual) if facts.exists() else usual
    assert complaint(wire, model, json.loads(file.read_text().split("\n\n", 1)[1])) is None
