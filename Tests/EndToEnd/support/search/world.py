"""Policies with many small organizations, each with limits of its own, and the requests that try to get past them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .bodies import Bodies
from .provider import BillingProvider

HEAD = """
providers:
  oa: {{kind: openai, base_url: {url}/v1, retry: {{attempts: 1}}, breaker: off}}
  again: {{kind: openai, base_url: {url}/v1, retry: {{attempts: 3, backoff: 5ms}}, breaker: off}}
  hasty: {{kind: openai, base_url: {url}/v1, retry: {{attempts: 2, backoff: 5ms}}, breaker: off, timeouts: {{first_byte: 120ms}}}}
  an: {{kind: anthropic, base_url: {url}, api_key: t, retry: {{attempts: 1}}, breaker: off}}
  br: {{kind: bedrock, region: us-east-1, base_url: {url}, api_key: t, retry: {{attempts: 2, backoff: 5ms}}, breaker: off}}
  ge: {{kind: gemini, base_url: {url}, api_key: t, retry: {{attempts: 1}}, breaker: off}}
models:
  big: {{provider: oa, upstream_model: big, price: {{input: 10, output: 40}}, max_output_tokens: 2000, context_window: 100000}}
  small: {{provider: oa, upstream_model: small, price: {{input: 1, output: 4}}, max_output_tokens: 2000, context_window: 100000}}
  any: {{provider: oa, upstream_model: small, price: {{input: 1, output: 4}}}}
  again: {{provider: again, upstream_model: big, price: {{input: 10, output: 40}}, max_output_tokens: 1000, context_window: 100000}}
  hasty: {{provider: hasty, upstream_model: big, price: {{input: 10, output: 40}}, max_output_tokens: 1000, context_window: 100000}}
  claude: {{provider: an, upstream_model: house-claude, price: {{input: 3, output: 15}}, max_output_tokens: 2000, context_window: 100000}}
  gemini: {{provider: ge, upstream_model: house-gemini, price: {{input: 2, output: 8}}, max_output_tokens: 2000, context_window: 100000}}
  bedrock: {{provider: br, upstream_model: house-bedrock, price: {{input: 1, output: 5}}, max_output_tokens: 2000, context_window: 100000}}
  chain: {{fallback: [big, {{use: claude, timeout: 300ms}}, small]}}
  hedged: {{fallback: [big, small, gemini], hedge: {{after: 30ms}}}}
  routed: {{route: [{{when: {{stream: true}}, use: gemini, fallback: [again]}}, {{use: claude, max_output_tokens: 100, fallback: [hasty]}}]}}
  dear: {{fallback: [chain, again, bedrock], hedge: {{after: 60ms}}}}
organizations:
"""
DIRECT = ["big", "small", "any", "again", "hasty", "claude", "gemini", "bedrock"]
VIRTUAL = ["chain", "hedged", "routed", "dear"]
#: Nano-dollars and tokens of limits.
AMOUNTS = {"usd": [5_000_000, 20_000_000, 80_000_000, 300_000_000], "tokens": [3_000, 20_000, 90_000]}
FATES = ["ok"] * 8 + ["silent", "zeros", "running", "refused", "busy", "gone", "cut", "slow", "slow", "wrong", "broken", "picky", "picky"]


@dataclass
class Limit:
    """One limit: in dollars (`usd`, in nano-dollars), tokens, requests or requests at once, on some models or all, of a scope."""

    kind: str
    amount: int
    models: list[str] | None
    #: `limits`, `each_key` or `each_user`.
    place: str
    soft: bool = False

    @property
    def rule(self) -> tuple[Any, ...]:
        """Two limits that differ in nothing but the amount are a mistake of a policy's."""
        return self.kind, self.models and sorted(self.models), self.place, self.soft

    def text(self) -> str:
        amount = f"{self.amount / 1e9:.9f}" if self.kind == "usd" else str(self.amount)
        per = "" if self.kind == "concurrent" else ", per: total"
        models = f", models: [{', '.join(self.models)}]" if self.models else ""
        return f"{{{self.kind}: {amount}{per}{models}{', soft: true' if self.soft else ''}}}"


@dataclass
class Organization:
    """A payer of its own with some keys, its limits, and what its requests were billed."""

    name: str
    keys: list[str]
    limits: list[Limit]
    #: By the number of the request, the index of its key.
    requests: dict[int, int] = field(default_factory=dict)

    def text(self) -> str:
        rules = {place: ", ".join(limit.text() for limit in self.limits if limit.place == place) for place in ("limits", "each_key", "each_user")}
        keys = ", ".join(f"{{name: k{number}, sha256: {hashlib.sha256(key.encode()).hexdigest()}}}" for number, key in enumerate(self.keys))
        team = f"{{each_key: [{rules['each_key']}], each_user: [{rules['each_user']}], keys: [{keys}]}}"
        return f"  {self.name}: {{limits: [{rules['limits']}], teams: {{t: {team}}}}}\n"


class World:
    """Some organizations, and requests of theirs that are all in flight at once."""

    def __init__(self, dice: random.Random, provider: BillingProvider, organizations: int):
        self.dice, self.provider, self.bodies = dice, provider, Bodies(dice)
        self.organizations = [self.organization(number) for number in range(organizations)]
        self.users: dict[int, str] = {}
        self.statuses: dict[int, int] = {}
        #: Requests that a limit has refused.
        self.refused: set[int] = set()
        #: What was asked for, for the eyes of whoever looks for a cause.
        self.told: dict[int, str] = {}
        self.numbers = 0

    def organization(self, number: int) -> Organization:
        dice = self.dice
        limits: list[Limit] = []
        for _ in range(dice.randrange(1, 5)):
            kind = dice.choice(["usd", "usd", "usd", "tokens", "tokens", "requests", "concurrent"])
            models = dice.sample(DIRECT, dice.randrange(1, 4)) if dice.random() < 0.4 else None
            soft = kind in AMOUNTS and dice.random() < 0.15
            amount = dice.choice(AMOUNTS[kind]) if kind in AMOUNTS else dice.choice([20, 60]) if kind == "requests" else dice.choice([1, 3])
            limit = Limit(kind, amount, models, dice.choice(["limits", "limits", "each_key", "each_user"]), soft)
            if all(one.rule != limit.rule for one in limits):
                limits.append(limit)
        keys = [f"sk-purser-search-{number:04}-{key}-{dice.randrange(10**12):012}" for key in range(dice.choice([1, 1, 2]))]
        return Organization(f"o{number}", keys, limits)

    def policies(self) -> str:
        return HEAD.format(url=self.provider.origin) + "".join(one.text() for one in self.organizations)

    # --- Requests

    async def run(self, port: int, requests: int, clients: int) -> None:
        left = iter(range(requests))

        async def client() -> None:
            for _ in left:
                await self.ask(port, self.dice.choice(self.organizations))

        await asyncio.gather(*(client() for _ in range(clients)))

    async def ask(self, port: int, payer: Organization) -> None:
        dice = self.dice
        self.numbers += 1
        number = self.numbers
        key = payer.requests[number] = dice.randrange(len(payer.keys))
        fate = dice.choice(FATES)
        mark = f"q{number:08}-{'first' if dice.random() < 0.5 else ''}{fate}-{dice.choice([1, 10, 50, 100])}-"
        body = self.bodies.make(mark)
        body["model"] = self.model()
        if dice.random() < 0.5:
            body["stream"] = True
        if dice.random() < 0.7:
            body["user"] = self.users[number] = f"u{dice.randrange(3)}"
        if dice.random() < 0.1:
            body["max_cost"] = dice.choice([0.001, 0.01, 0.1])
        head = [f"Authorization: Bearer {payer.keys[key]}", f"x-request-id: {number}"]
        if dice.random() < 0.15:
            head.append(f"x-purser-timeout: {dice.choice([5, 40, 150])}ms")
        leaves = dice.choice([None] * 8 + [0.0, 0.02, 0.1])
        self.told[number] = f"{mark} {body['model']} stream={body.get('stream', False)} leaves={leaves} {head[2:]}"
        answer = await exchange(port, json.dumps(body, ensure_ascii=dice.random() < 0.5).encode(), head, leaves)
        self.statuses[number] = int(answer.split(b" ", 2)[1]) if answer else 0
        # A refusal by a limit names it; a provider's does not.
        if self.statuses[number] in (402, 429) and re.search(rf'"message":"[^"]*\b{payer.name}\b'.encode(), answer):
            self.refused.add(number)

    def model(self) -> Any:
        dice = self.dice
        kind = dice.randrange(3)
        if kind == 0:
            return dice.choice(DIRECT)
        if kind == 1:
            return dice.choice(VIRTUAL)
        settings = {"max_tokens": dice.choice([20, 5_000]), "tools": [self.bodies.tool(0)], "reasoning_effort": "low"}
        places = [dice.choice([name, {"model": name, "settings": dict(dice.sample(sorted(settings.items()), 1))}]) for name in dice.sample(DIRECT + VIRTUAL, 3)]
        return places

    # --- The account

    def overspent(self) -> list[str]:
        """Every limit that was passed by what the provider has billed."""
        found = []
        for payer in self.organizations:
            for limit in payer.limits:
                if limit.soft or limit.kind not in AMOUNTS:
                    continue
                groups: dict[Any, int] = {}
                for number in payer.requests:
                    group = self.group(limit, payer, number)
                    for bill in self.provider.bills.get(number, ()):
                        if group is not None and self.counts(limit, bill.model):
                            groups[group] = groups.get(group, 0) + (bill.nanos if limit.kind == "usd" else bill.tokens)
                found += [f"{payer.name} {limit.place} {group} {limit.text()}: billed {sum}" for group, sum in groups.items() if sum > limit.amount]
        return found

    def group(self, limit: Limit, payer: Organization, number: int) -> Any:
        """Whose limit of those of one rule binds a request; `None`: none does."""
        return {"limits": "", "each_key": payer.requests[number], "each_user": self.users.get(number)}[limit.place]

    def unlimited(self) -> list[int]:
        """Requests of which a call had no limit of output, although a limit on money or tokens counts it."""
        payers = {number: payer for payer in self.organizations for number in payer.requests}
        return [number for number, model in self.provider.unlimited if self.binds(payers[number], number, model)]

    def binds(self, payer: Organization, number: int, model: str) -> bool:
        """Whether a limit on money or tokens counts a call for certain."""
        hard = [limit for limit in payer.limits if limit.kind in AMOUNTS and not limit.soft]
        return any(self.group(limit, payer, number) is not None and self.counts(limit, model) for limit in hard)

    def turned_away(self) -> list[int]:
        """Requests that a limit refused although none of theirs refuses anything."""
        found = []
        for payer in self.organizations:
            if all(limit.soft for limit in payer.limits):
                found += [number for number in payer.requests if number in self.refused]
        return found

    def undercharged(self, records: list[dict[str, Any]]) -> list[str]:
        """Every request under limits that was billed more than its records say that limits count for it."""
        payers = {number: payer for payer in self.organizations for number in payer.requests}
        charged: dict[int, list[int]] = {}
        lines: dict[int, list[str]] = {}
        for record in records:
            number = int(record["request_id"])
            sums = charged.setdefault(number, [0, 0])
            sums[0] += nanos(record["cost_usd"]) + nanos(record.get("in_doubt_usd") or 0)
            sums[1] += record["input_tokens"] + record["output_tokens"] + (record.get("in_doubt_tokens") or 0)
            lines.setdefault(number, []).append(json.dumps(record))
        found = []
        for number, bills in self.provider.bills.items():
            if not all(self.binds(payers[number], number, bill.model) for bill in bills):
                continue
            usd, tokens = charged.get(number, [0, 0])
            if sum(bill.nanos for bill in bills) > usd or sum(bill.tokens for bill in bills) > tokens:
                found.append("\n  ".join([self.told[number], f"status {self.statuses.get(number)}", *map(str, bills), *lines.get(number, ["no record"])]))
        return found

    @staticmethod
    def counts(limit: Limit, upstream: str) -> bool:
        """Whether a call to the upstream model counts for certain: several names of the policy share one."""
        names = {"big": {"big", "again", "hasty"}, "small": {"small", "any"}, "claude": {"claude"}, "gemini": {"gemini"}, "bedrock": {"bedrock"}}[upstream]
        return limit.models is None or names <= set(limit.models)


def nanos(usd: Any) -> int:
    """Nano-dollars of an amount in dollars."""
    return int(Decimal(str(usd)).scaleb(9))


async def exchange(port: int, body: bytes, head: list[str], leaves: float | None) -> bytes:
    """Sends one request and reads its answer, or leaves in the middle. Returns what came, if it was read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lines = ["POST /v1/chat/completions HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close", *head]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        if leaves is not None:
            await asyncio.sleep(leaves)
            writer.transport.abort()
            return b""
        return await asyncio.wait_for(reader.read(), 60)
    except OSError:
        return b""
    finally:
        writer.close()
