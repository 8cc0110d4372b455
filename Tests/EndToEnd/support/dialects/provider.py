"""One server that speaks every dialect: the path tells which, the upstream model's part after `@` what happens."""

from __future__ import annotations

from ..scripted import Behaviour, Call, ScriptedProvider, Wire
from . import DIALECTS
from .faults import FAULTS
from .sayings import SAYINGS
from .script import Dialect, Script

#: Handed to the gateway in its environment; none may appear anywhere but in requests to the provider.
KEYS = {
    "E2E_ANTHROPIC_KEY": "sk-ant-CANARY-1b9f6e2d7c",
    "E2E_GEMINI_KEY": "AIzaCANARY-84c2a1f0e5b7",
    "E2E_AZURE_KEY": "azure-CANARY-60d3e9c7a2",
    "E2E_AWS_ID": "AKIACANARY5E2F7A91B0",
    "E2E_AWS_SECRET": "aws/secret+CANARY-d41d8cd98f00b204e9800998",
    "E2E_AWS_TOKEN": "aws-session-CANARY-9a0364b9e99bb480dd25",
}
REGION = "eu-central-1"
PRICE = "{input: 3, cached_input: 0.30, cache_write: 3.75, output: 15}"


def policies(url: str, plain_url: str) -> str:
    """Providers of every kind, each kind's behaviours as `KIND/BEHAVIOUR`, and some models with a purpose."""
    common = f"base_url: {url.removesuffix('/v1')}, retry: {{attempts: 1}}, breaker: off, timeouts: {{first_byte: 20s, idle: 20s}}"
    aws = "access_key_id: ${E2E_AWS_ID}, secret_access_key: ${E2E_AWS_SECRET}, session_token: ${E2E_AWS_TOKEN}"
    lines = [
        "providers:",
        f"  anthropic: {{kind: anthropic, api_key: ${{E2E_ANTHROPIC_KEY}}, {common}}}",
        f"  gemini: {{kind: gemini, api_key: ${{E2E_GEMINI_KEY}}, {common}}}",
        f'  azure: {{kind: azure, api_key: ${{E2E_AZURE_KEY}}, api_version: "2024-10-21", {common}}}',
        f"  azure-v1: {{kind: azure, api_key: ${{E2E_AZURE_KEY}}, api_version: v1, {common}}}",
        f"  bedrock: {{kind: bedrock, region: {REGION}, {aws}, {common}}}",
        f"  stubborn: {{kind: bedrock, region: {REGION}, {aws}, {common.replace('attempts: 1', 'attempts: 3, backoff: 600ms')}}}",
        f"  plain: {{kind: openai, base_url: {plain_url}, retry: {{attempts: 1}}, breaker: off}}",
        "models:",
        f"  plain/echo: {{provider: plain, price: {PRICE}}}",
        f"  stubborn/broken: {{provider: stubborn, upstream_model: {DIALECTS['bedrock'].family}@broken, price: {PRICE}}}",
        f"  v1/echo: {{provider: azure-v1, upstream_model: gpt-5-mini@echo, price: {PRICE}}}",
        f"  limited/echo: {{provider: anthropic, upstream_model: claude-sonnet-4-5@echo, max_output_tokens: 900, price: {PRICE}}}",
        "  old/structured: {provider: anthropic, upstream_model: claude-3-haiku@structured, price: free}",
    ]
    for dialect in DIALECTS.values():
        lines.append(f"  race-{dialect.kind}: {{fallback: [{dialect.kind}/slow, plain/echo], hedge: {{after: 200ms}}}}")
        lines.append(f"  clamped-{dialect.kind}: {{over_ceiling: clamp, fallback: [{dialect.kind}/echo]}}")
        lines.append(f"  short-{dialect.kind}: {{fallback: [{{use: {dialect.kind}/echo, max_output_tokens: 33}}]}}")
        lines.append(f'  "bare-{dialect.kind}/*": {{provider: {dialect.kind}, price: {PRICE}}}')
        lines.append(f'  "{dialect.kind}/*": {{provider: {dialect.kind}, upstream_model: "{dialect.family}@*", price: {PRICE}}}')
    return "\n".join(lines) + "\norganizations: {acme: {teams: {research: {}}}}\n"


class DialectProvider(ScriptedProvider):
    """The server."""

    def script(self, call: Call) -> Behaviour | None:
        dialect, name = self.dialect(call), call.model.partition("@")[2]
        fault, saying = FAULTS.get(name.partition("--")[0]), SAYINGS.get(name)

        async def say(call: Call, wire: Wire) -> None:
            if fault:
                await fault(dialect, call, wire)
            elif name.startswith("stop-"):
                await dialect.answer(call, wire, Script(text="so far", stop=name.removeprefix("stop-")))
            else:
                await dialect.answer(call, wire, saying(dialect, call.body))

        return say if fault or saying or name.startswith("stop-") else None

    @staticmethod
    def dialect(call: Call) -> Dialect:
        """Who it is that was asked, told by the path."""
        starts = {"/v1/messages": "anthropic", "/v1beta/": "gemini", "/openai/": "azure", "/model/": "bedrock"}
        return next(DIALECTS[kind] for start, kind in starts.items() if call.path.startswith(start))

    def asked(self, behaviour: str) -> Call:
        """The newest call for that behaviour."""
        return next(call for call in reversed(self.calls) if call.model.partition("@")[2] == behaviour)
