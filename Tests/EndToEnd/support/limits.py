"""A policy under which sums are easy, and how its limits stand."""

from __future__ import annotations

import json

from .gateway import Gateway

#: One output token costs 0.001 USD, input costs nothing: every sum is easy.
POLICY = """
providers:
  scripted: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}
models:
  "s/*": {{provider: scripted, upstream_model: "*", price: {{input: 0, output: 1000}}, max_output_tokens: 100000}}
  chain: {{fallback: [s/status-500, s/echo]}}
  hedged: {{fallback: [s/slow-plain, s/echo], hedge: {{after: 150ms}}}}
organizations:
  acme:
    {organization}
    teams:
      research:
        {team}
      other: {{}}
"""


def budgets(gateway: Gateway) -> dict[tuple[str, str], dict]:
    """Every limit as `purser budgets` tells it, by scope and kind."""
    done = gateway.site.run("budgets", "--format", "json", check=True)
    return {(one["scope"], one["kind"]): one for one in json.loads(done.stdout)}
