"""The policies the tests run under: every behaviour of the scripted provider as a model of its own."""

from __future__ import annotations

import hashlib

from .scripted import BEHAVIOURS

#: Handed to the gateway in its environment; may appear nowhere but in requests to the provider.
PROVIDER_KEY = "sk-provider-CANARY-5f0d5c0e9a"

#: A key that the policy file knows by its hash.
FILE_KEY = "sk-purser-file-CANARY-7d1f6b2a90c3e84455aa"

#: USD per million tokens of every scripted model.
PRICE = "{input: 0.15, cached_input: 0.075, output: 0.60}"

#: `hasty` limits that a test can wait for.
HASTY = "{connect: 1s, first_byte: 1s, idle: 1s, total: 3s}"


def policies(scripted_url: str, refused_url: str, unreachable_url: str, local_url: str) -> str:
    """The text of `policies/e2e.yaml`."""
    lines = [
        "providers:",
        f"  scripted: {{kind: openai, base_url: {scripted_url}, api_key: ${{E2E_PROVIDER_KEY}}, retry: {{attempts: 1}}, breaker: off, timeouts: {{connect: 2s, first_byte: 20s, idle: 20s, total: 60s}}}}",
        f"  hasty: {{kind: openai, base_url: {scripted_url}, api_key: ${{E2E_PROVIDER_KEY}}, retry: {{attempts: 1}}, breaker: off, timeouts: {HASTY}}}",
        f"  refused: {{kind: openai, base_url: {refused_url}, retry: {{attempts: 1}}, breaker: off, timeouts: {HASTY}}}",
        f"  unreachable: {{kind: openai, base_url: {unreachable_url}, retry: {{attempts: 1}}, breaker: off, timeouts: {HASTY}}}",
        f"  local: {{kind: openai, base_url: {local_url}}}",
        "models:",
        f"  refused/echo: {{provider: refused, price: {PRICE}}}",
        f"  unreachable/echo: {{provider: unreachable, price: {PRICE}}}",
        "  local/smollm2: {provider: local, price: {input: 0.01, output: 0.02}}",
        f"  scripted/aliased: {{provider: scripted, upstream_model: echo, price: {PRICE}, aliases: [short-name]}}",
        f"  scripted/free: {{provider: scripted, upstream_model: echo, price: free}}",
    ]
    for name in BEHAVIOURS:
        lines.append(f"  scripted/{name}: {{provider: scripted, price: {PRICE}}}")
        lines.append(f"  hasty/{name}: {{provider: hasty, upstream_model: {name}, price: {PRICE}}}")
    lines += [
        "organizations:",
        "  acme:",
        "    teams:",
        "      research: {}",
        "      narrow: {models: [scripted/echo]}",
        f"      filed: {{keys: [{{name: ci, sha256: {hashlib.sha256(FILE_KEY.encode()).hexdigest()}, models: [scripted/echo]}}]}}",
    ]
    return "\n".join(lines) + "\n"
