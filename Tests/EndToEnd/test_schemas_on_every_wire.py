"""Schemas of tools and formats reach every provider in its dialect of JSON Schema: carried, said another way, or refused by name."""

from __future__ import annotations

import json
from typing import Any, Iterator

import pytest

from support.gateway import Gateway, Site
from support.picky import PickyProvider

HI = [{"role": "user", "content": "hi"}]
MODELS = {
    "an/c45": ("an", "claude-sonnet-4-5"), "an/c35": ("an", "claude-3-5-sonnet-20241022"), "an/o55": ("an", "claude-opus-5-5"),
    "be/c45": ("be", "us.anthropic.claude-haiku-4-5-20251001-v1:0"), "be/nova": ("be", "amazon.nova-pro-v1:0"), "be/llama": ("be", "us.meta.llama3-3-70b-instruct-v1:0"),
    "ge/g3": ("ge", "gemini-3-flash-preview"), "ge/g25": ("ge", "gemini-2.5-flash"), "oa/m": ("oa", "m"), "az/m": ("az", "m"),
}  # fmt: skip
TRANSLATED = [name for name in MODELS if name[:2] not in ("oa", "az")]
GOOGLE = {
    "$defs", "$ref", "$id", "$anchor", "type", "format", "title", "description", "enum", "items", "prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf",
    "oneOf", "properties", "additionalProperties", "required", "propertyOrdering",
}  # fmt: skip
BASE: dict[str, Any] = {"type": "object", "properties": {"q": {"type": "string"}}}
TEXT = {"type": "string"}
#: Schemas that every provider can be told in some form.
TOOLS: dict[str, Any] = {
    "plain": {**BASE, "required": ["q"], "additionalProperties": False},
    "ref": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": TEXT}},
    "ref and a word": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a", "description": "an a"}}, "$defs": {"a": TEXT}},
    "definitions": {"type": "object", "properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": TEXT}},
    "pointer": {"type": "object", "properties": {"a": TEXT, "b": {"$ref": "#/properties/a"}}},
    "root ref": {"$ref": "#/$defs/r", "$defs": {"r": {"type": "object", "properties": {"q": TEXT}, "required": ["q"]}}},
    "root anyOf": {"anyOf": [{"type": "object", "properties": {"q": TEXT}}, {"type": "object", "properties": {"n": {"type": "integer"}}}]},
    "root oneOf": {"type": "object", "oneOf": [{"properties": {"q": TEXT}, "required": ["q"]}, {"properties": {"n": {"type": "integer"}}, "required": ["n"]}]},
    "root allOf": {"allOf": [{"type": "object", "properties": {"q": TEXT}}, {"$ref": "#/$defs/more"}], "$defs": {"more": {"type": "object", "properties": {"n": TEXT}}}},
    "inner allOf": {"type": "object", "properties": {"a": {"allOf": [{"$ref": "#/$defs/o"}, {"properties": {"z": TEXT}}]}}, "$defs": {"o": {"type": "object", "properties": {"y": TEXT}}}},
    "open map": {"type": "object", "additionalProperties": TEXT},
    "inner map": {"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "integer"}}}},
    "patterns": {"type": "object", "properties": {"m": {"type": "object", "patternProperties": {"^x": {"type": "integer"}}}}},
    "choices": {"type": "object", "properties": {"a": {"const": "x"}, "b": {"enum": ["x", None]}, "c": {"type": ["string", "null"]}, "d": {"type": "null"}, "e": {"const": True}, "f": {"enum": [1, 2]}}},
    "nullable": {"type": "object", "properties": {"a": {"type": "string", "nullable": True}}},
    "true": {"type": "object", "properties": {"any": True, "empty": {}}},
    "no type": {"properties": {"q": TEXT}},
    "typed list": {"type": ["object", "null"], "properties": {"q": TEXT}},
    "tuple": {"type": "object", "properties": {"t": {"type": "array", "items": [TEXT, {"type": "integer"}]}}},
    "bounds": {"type": "object", "properties": {"n": {"type": "integer", "exclusiveMinimum": 0, "multipleOf": 2}, "s": {"type": "string", "minLength": 1, "pattern": "^a"}}},
    "dialect": {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "x", **BASE},
    "property names": {"type": "object", "properties": {"$ref": TEXT, "type": TEXT, "anyOf": TEXT, "properties": {"type": "object", "properties": {"enum": TEXT}}}},
    "empty": {},
    "nothing": {"type": "object", "properties": {}},
    "closed and empty": {"type": "object", "properties": {}, "additionalProperties": False},
}  # fmt: skip
TREE = {"type": "object", "properties": {"v": TEXT, "next": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "object", "properties": {"v": TEXT, "next": {"$ref": "#/$defs/n"}}}}}


@pytest.fixture(scope="module")
def provider() -> Iterator[PickyProvider]:
    running = PickyProvider()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def planners(tmp_path_factory: pytest.TempPathFactory, provider: PickyProvider) -> Iterator[Gateway]:
    common = "retry: {attempts: 1}, breaker: off"
    lines = [
        "providers:",
        f'  oa: {{kind: openai, base_url: "{provider.url}", api_key: t, {common}}}',
        f'  az: {{kind: azure, base_url: "{provider.root}", api_key: t, api_version: "2024-10-21", {common}}}',
        f'  an: {{kind: anthropic, base_url: "{provider.root}", api_key: t, {common}}}',
        f'  ge: {{kind: gemini, base_url: "{provider.root}", api_key: t, {common}}}',
        f'  be: {{kind: bedrock, base_url: "{provider.root}", region: us-east-1, access_key_id: AKIDEXAMPLE, secret_access_key: secret-example, {common}}}',
        "models:",
        *(f'  {name}: {{provider: {kind}, upstream_model: "{upstream}", price: free}}' for name, (kind, upstream) in MODELS.items()),
        *(f"  then-{name.replace('/', '-')}: {{fallback: [{name}, oa/m]}}" for name in TRANSLATED),
        "organizations: {acme: {teams: {research: {}}}}",
    ]
    running = Gateway(Site(tmp_path_factory.mktemp("planners") / "site", "\n".join(lines) + "\n"))
    yield running
    running.stop()


@pytest.fixture
def ask(planners: Gateway, provider: PickyProvider) -> Any:
    def send(model: str, **fields: Any) -> tuple[Any, Any]:
        before = len(provider.calls)
        reply = planners.http.send("POST", "/v1/chat/completions", {"model": model, "messages": HI, **fields})
        calls = provider.calls[before:]
        return reply, calls[-1].body if calls else None

    return send


def tool(parameters: Any = None, **more: Any) -> list[dict[str, Any]]:
    function = {"name": "look", **({} if parameters is None else {"parameters": parameters}), **more}
    return [{"type": "function", "function": function}]


def declared(body: dict[str, Any]) -> dict[str, Any] | None:
    """The schema that a provider was sent for its one tool."""
    if "toolConfig" in body and "tools" in body["toolConfig"]:
        return body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
    first = body["tools"][0]
    return first["functionDeclarations"][0].get("parametersJsonSchema") if "functionDeclarations" in first else first["input_schema"]


def schemas(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all within it."""
    if not isinstance(schema, dict):
        return
    yield schema
    for name in ("properties", "$defs", "definitions"):
        for inner in schema.get(name, {}).values():
            yield from schemas(inner)
    for name in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for inner in schema.get(name, []):
            yield from schemas(inner)
    for name in ("items", "additionalProperties"):
        yield from schemas(schema.get(name))


def resolved(root: dict[str, Any], pointer: str) -> Any:
    value: Any = root
    for step in pointer.removeprefix("#/").split("/"):
        value = value[step]
    return value


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("model", TRANSLATED)
def test_every_schema_of_a_tool_is_one_that_the_provider_takes(ask: Any, model: str, name: str) -> None:
    reply, body = ask(model, tools=tool(TOOLS[name]))
    assert reply.status == 200, reply
    schema = declared(body)
    if schema is None:
        assert model.startswith("ge/") and name in ("empty", "nothing", "closed and empty")
        return
    assert schema["type"] == "object" and not {"anyOf", "oneOf", "allOf", "$ref"} & schema.keys()
    for inner in schemas(schema):
        if isinstance(inner.get("$ref"), str):
            resolved(schema, inner["$ref"])
        if model.startswith("ge/"):
            assert inner.keys() <= GOOGLE, inner
            assert "$ref" not in inner or inner.keys() <= {"$ref", "$defs"}
            assert all(isinstance(choice, (str, int, float)) and not isinstance(choice, bool) for choice in inner.get("enum", []))
    if model == "be/nova":
        assert schema.keys() <= {"type", "properties", "required"} and "$ref" not in json.dumps(schema).replace('"$ref": {', "")
    # Nothing is lost, closed or narrowed: every property that was declared anywhere is still named.
    for inner in schemas(TOOLS[name]):
        for property_name in inner.get("properties", {}):
            assert json.dumps(property_name) in json.dumps(body), property_name
    closed = [inner for inner in schemas(schema) if inner.get("additionalProperties") is False]
    assert not closed or name in ("plain", "closed and empty")


@pytest.mark.parametrize("model", TRANSLATED)
def test_maps_stay_open(ask: Any, model: str) -> None:
    _, body = ask(model, tools=tool(TOOLS["inner map"]))
    assert declared(body)["properties"]["m"]["additionalProperties"] == {"type": "integer"}
    if model != "be/nova":
        assert declared(ask(model, tools=tool(TOOLS["open map"]))[1])["additionalProperties"] == TEXT


@pytest.mark.parametrize("model", TRANSLATED)
def test_recursion_is_carried_or_refused_by_name(ask: Any, model: str) -> None:
    reply, body = ask(model, tools=tool(TREE))
    if model == "be/nova":
        assert reply.status == 400 and reply.error["param"] == "tools.0.function.parameters" and body is None
        assert ask("then-be-nova", tools=tool(TREE))[0].status == 200
    else:
        assert declared(body)["properties"]["next"]["$ref"] == "#/$defs/n"
        assert declared(body)["$defs"]["n"]["properties"]["next"]["$ref"] == "#/$defs/n"


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "array", "items": TEXT}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"$ref": "#/$defs/none"}])
@pytest.mark.parametrize("model", TRANSLATED)
def test_a_root_that_is_no_object_is_refused_by_name_and_the_next_target_takes_it(ask: Any, model: str, schema: Any) -> None:
    reply, body = ask(model, tools=tool(schema))
    assert reply.status == 400 and reply.error["param"] == "tools.0.function.parameters" and body is None, reply
    assert ask("then-" + model.replace("/", "-"), tools=tool(schema))[0].status == 200


@pytest.mark.parametrize("model", TRANSLATED)
def test_a_tool_without_parameters(ask: Any, model: str) -> None:
    reply, body = ask(model, tools=tool(description="now"))
    assert reply.status == 200
    assert declared(body) == (None if model.startswith("ge/") else {"type": "object", "properties": {}})


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("model", ["oa/m", "az/m"])
def test_openais_dialect_gets_the_clients_own_schema(ask: Any, model: str, name: str) -> None:
    _, body = ask(model, tools=tool(TOOLS[name], strict=True))
    assert body["tools"] == tool(TOOLS[name], strict=True)


# --- Formats


def format_of(schema: Any, strict: bool | None = None) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "r", "schema": schema, **({} if strict is None else {"strict": strict})}}


CLOSED = {"type": "object", "properties": {"a": TEXT, "n": {"type": "integer", "minimum": 1}}, "required": ["a", "n"], "additionalProperties": False}
FORMATS: dict[str, Any] = {
    "closed": CLOSED, "open": {"type": "object", "properties": {"a": TEXT}}, "map": {"type": "object", "properties": {"m": {"type": "object", "additionalProperties": TEXT}}, "additionalProperties": False},
    "tree": TREE, "list": {"type": "array", "items": TEXT}, "root anyOf": TOOLS["root anyOf"], "root ref": TOOLS["root ref"], "text": TEXT, "empty": {},
    "refs": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a", "description": "d"}}, "required": ["a"], "additionalProperties": False, "$defs": {"a": {"enum": ["x", "y"]}}},
}  # fmt: skip


def told(body: dict[str, Any]) -> tuple[str, Any]:
    """How a provider was told the format, and the schema."""
    if "output_config" in body and "format" in body["output_config"]:
        return "native", body["output_config"]["format"]["schema"]
    if "outputConfig" in body:
        return "native", json.loads(body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"])
    if "responseJsonSchema" in body.get("generationConfig", {}):
        return "native", body["generationConfig"]["responseJsonSchema"]
    if "tools" in body or "toolConfig" in body:
        schema = declared(body)
        return "tool", schema["properties"]["value"] if list(schema.get("properties", {})) == ["value"] else schema
    text = json.dumps(body.get("system"))
    assert "JSON Schema" in text, body
    return "words", None


@pytest.mark.parametrize("strict", [None, False, True])
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("model", TRANSLATED)
def test_a_format_is_kept_said_another_way_or_refused(ask: Any, model: str, name: str, strict: bool | None) -> None:
    schema = FORMATS[name]
    reply, body = ask(model, response_format=format_of(schema, strict))
    if reply.status == 400:
        # Only who insists is refused, and only by a model that can be held to nothing.
        assert strict and model in ("an/o55", "be/llama") and reply.error["param"].startswith("response_format")
        assert ask("then-" + model.replace("/", "-"), response_format=format_of(schema, strict))[0].status == 200
        return
    assert reply.status == 200, reply
    way, sent = told(body)
    if way == "words":
        assert model in ("an/o55", "be/llama") and not strict
        return
    # What the client has left open is not closed, but for who asks for OpenAI's strict schemas, which are closed.
    before = [inner.get("additionalProperties") for inner in schemas(schema)]
    after = [inner.get("additionalProperties") for inner in schemas(sent)]
    if not strict:
        assert before.count(False) >= after.count(False)
    for inner in schemas(schema):
        for property_name in inner.get("properties", {}):
            assert json.dumps(property_name) in json.dumps(sent)
        if isinstance(inner.get("additionalProperties"), dict):
            assert inner["additionalProperties"] in after


@pytest.mark.parametrize("model", TRANSLATED)
def test_bad_references_of_a_format_reach_no_provider_that_breaks_on_them(ask: Any, model: str) -> None:
    reply, body = ask(model, response_format=format_of({"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}}))
    assert reply.status == 400 or told(body)[0] != "native"


def test_a_result_with_a_reference_is_told_as_text_to_gemini(ask: Any) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    for content in ('{"$ref":"#/a"}', '{"schema":{"items":[{"\\u0024ref":"x"}]}}'):
        turns = [*HI, {"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c1", "content": content}]
        _, body = ask("ge/g3", messages=turns, tools=tool(BASE))
        assert body["contents"][-1]["parts"][0]["functionResponse"]["response"] == {"output": content}
    turns[-1]["content"] = '{"ref":1}'
    assert ask("ge/g3", messages=turns, tools=tool(BASE))[1]["contents"][-1]["parts"][0]["functionResponse"]["response"] == {"ref": 1}
