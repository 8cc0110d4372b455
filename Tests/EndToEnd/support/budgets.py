"""A team with limits in front of a provider that keeps an account, and how to ask it and look at it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from .gateway import Gateway, Site
from .http import Client, Reply

#: One output token costs 0.001 USD, input nothing.
POLICY = """
providers:
  metered: {kind: openai, base_url: URL, retry: {attempts: 1}, breaker: off}
models:
  m/large: {provider: metered, price: {input: 0, output: 1000}, max_output_tokens: 1000}
organizations:
  acme:
    limits: [{usd: 5, per: total}]
    teams:
      research: {LIMITS}
      other: {limits: [{usd: 1, per: total}]}
"""
HOUSE = "limits: [{usd: 1, per: total}], each_user: [{usd: 0.5, per: total}]"


def policy(url: str, limits: str = HOUSE) -> str:
    """The policies, with what stands in the braces of the team."""
    return POLICY.replace("URL", url).replace("LIMITS", limits)


def order(tag: str, **more: Any) -> str:
    """A prompt that tells the metered provider what to do."""
    return json.dumps({"tag": tag, "do": "answer", "input": 1, "cached": 0, "share": 1, "most": 7, "batch": 5, **more})


def ask(client: Client, tag: str = "request", *, do: dict[str, Any] | None = None, max_tokens: int = 7, headers: dict[str, str] | None = None, **fields: Any) -> Reply:
    """Asks for seven tokens, unless told otherwise."""
    return client.chat(fields.pop("model", "m/large"), order(tag, **(do or {})), headers=headers, max_tokens=max_tokens, **fields)


def limits(site: Site) -> dict[tuple[str, str | None, str], dict[str, Any]]:
    """Every limit as `purser budgets` tells it, by scope, user and kind."""
    told = json.loads(site.run("budgets", "--format", "json", check=True).stdout)
    return {(limit["scope"], limit["user"], limit["kind"]): limit for limit in told}


def recorded(site: Site) -> Decimal:
    """The cost of all records."""
    return sum((Decimal(record["cost_usd"]) for record in site.records()), Decimal(0))


def admin(gateway: Gateway) -> Client:
    """A client of the admin listener, with its key."""
    port = int(gateway.site.environment["PURSER_ADMIN"].rpartition(":")[2])
    return Client("localhost", port, (gateway.site.state / "admin-key").read_text().strip(), gateway.site.trust())
