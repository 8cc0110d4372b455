"""Every reload is one version: keys that are taken out are dead, permissions belong to the models they name, SIGHUP is one reload."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from collections.abc import Callable

import pytest

from support.gateway import Gateway, Site
from support.scripted import ScriptedProvider

KEYS = {name: f"sk-purser-version-{name}-0123456789" for name in ("ci", "other")}


def policies(url: str, models: list[str], keys: dict[str, list[str] | None], limits: str = "") -> str:
    """Policies with these models and keys, a key with the models it may use."""
    lines = ["providers:", f"  p: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}", "models:"]
    lines += [f"  {name}: {{provider: p, upstream_model: echo, price: {{input: 1, output: 1}}}}" for name in models]
    lines += ["organizations:", "  acme:", "    teams:", "      store: {}", f"      research:{limits}", "        keys:"]
    lines += ["          - {name: unused, sha256: " + "0" * 64 + "}"]
    for name, allowed in keys.items():
        which = "" if allowed is None else f", models: [{', '.join(allowed)}]"
        lines.append(f"          - {{name: {name}, sha256: {hashlib.sha256(KEYS[name].encode()).hexdigest()}{which}}}")
    return "\n".join(lines) + "\n"


def reloads(gateway: Gateway) -> int:
    return sum(json.loads(line)["message"] == "policies reloaded" for line in gateway.log().splitlines())


def wait_for_reloads(gateway: Gateway, count: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while reloads(gateway) < count:
        assert time.monotonic() < deadline, f"{reloads(gateway)} of {count} reloads after {seconds} s:\n{gateway.log()[-2000:]}"
        time.sleep(0.02)


@pytest.fixture(params=["1", "3"], ids=["one loop", "three loops"])
def versions(request: pytest.FixtureRequest, new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], provider: ScriptedProvider) -> Callable[..., Gateway]:
    def start(models: list[str], keys: dict[str, list[str] | None]) -> Gateway:
        site = new_site(policies(provider.url, models, keys))
        return own_gateway(site, key=site.new_key("acme/store"), PURSER_LOOPS=request.param)

    return start


def on_every_loop(gateway: Gateway, key: str, model: str) -> set[int]:
    """The statuses of many requests, each on a connection of its own: the kernel spreads them over the loops."""
    client = gateway.client(KEYS[key])
    return {client.chat(model).status for _ in range(12)}


@pytest.mark.parametrize("by", ["signal", "change", "admin"])
@pytest.mark.parametrize("edits", [1, 2, 3])
def test_a_removed_key_is_dead_however_many_reloads_came_between(versions: Callable[..., Gateway], provider: ScriptedProvider, by: str, edits: int) -> None:
    gateway = versions(["cheap"], {"ci": None, "other": None})
    assert on_every_loop(gateway, "ci", "cheap") == {200}
    for number in range(edits):
        text = policies(provider.url, ["cheap"] + [f"more-{n}" for n in range(number)], {"other": None})
        gateway.site.policy_file.write_text(text)
        if by == "signal":
            gateway.signal(signal.SIGHUP)
        if by == "admin":
            assert gateway.admin().send("POST", "/admin/v1/reload").json()["reloaded"] is True
        wait_for_reloads(gateway, number + 1)
    assert on_every_loop(gateway, "ci", "cheap") == {401}
    assert on_every_loop(gateway, "other", "cheap") == {200}


def test_permissions_stay_with_the_models_that_they_name(versions: Callable[..., Gateway], provider: ScriptedProvider) -> None:
    gateway = versions(["cheap", "gpt"], {"ci": ["cheap"]})
    assert on_every_loop(gateway, "ci", "cheap") == {200}
    for number, models in enumerate((["gpt", "cheap"], ["dear", "gpt", "cheap"], ["a", "b", "dear", "cheap", "gpt"])):
        gateway.site.policy_file.write_text(policies(provider.url, models, {"ci": ["cheap"]}))
        wait_for_reloads(gateway, number + 1)
    assert on_every_loop(gateway, "ci", "cheap") == {200}
    assert on_every_loop(gateway, "ci", "dear") == on_every_loop(gateway, "ci", "a") == {403}


def test_permissions_of_stored_keys_follow_too(versions: Callable[..., Gateway], provider: ScriptedProvider) -> None:
    gateway = versions(["cheap", "gpt"], {"ci": None})
    client = gateway.client(gateway.site.new_key("acme/store", "--models", "cheap"))
    assert client.chat("cheap").status == 200 and client.chat("gpt").status == 403
    for number, models in enumerate((["gpt", "cheap"], ["dear", "gpt", "cheap"])):
        gateway.site.policy_file.write_text(policies(provider.url, models, {"ci": None}))
        wait_for_reloads(gateway, number + 1)
    assert [client.chat(model).status for model in ("cheap", "gpt", "dear")] == [200, 403, 403]


def test_a_hangup_with_a_change_is_one_reload(versions: Callable[..., Gateway], provider: ScriptedProvider) -> None:
    gateway = versions(["cheap"], {"ci": None})
    gateway.site.policy_file.write_text(policies(provider.url, ["cheap", "gpt"], {"ci": None}))
    gateway.signal(signal.SIGHUP)
    time.sleep(2)
    assert reloads(gateway) == 1
    gateway.signal(signal.SIGHUP)  # Without a change: what the policies name beside themselves may have changed.
    time.sleep(1.5)
    assert reloads(gateway) == 2
    assert gateway.admin().get("/admin/v1/status").json()["policies_version"] == 3


def test_a_key_that_goes_while_its_body_comes_buys_nothing(versions: Callable[..., Gateway], provider: ScriptedProvider) -> None:
    gateway = versions(["cheap"], {"ci": None, "other": None})
    body = json.dumps({"model": "cheap", "messages": [{"role": "user", "content": "late"}]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEYS['ci']}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with gateway.http.socket() as connection:
        connection.sendall(head.encode() + body[:10])
        time.sleep(0.2)
        gateway.site.policy_file.write_text(policies(provider.url, ["cheap"], {"other": None}))
        wait_for_reloads(gateway, 1)
        connection.sendall(body[10:])
        assert b" 401 " in connection.makefile("rb").readline()


def test_limits_come_with_their_policies(versions: Callable[..., Gateway], provider: ScriptedProvider) -> None:
    """From the first request that sees the new model on, the new limit binds."""
    gateway = versions(["cheap"], {"ci": None})
    client = gateway.client(KEYS["ci"])
    gateway.site.policy_file.write_text(policies(provider.url, ["cheap", "fresh"], {"ci": None}, "\n        limits: [{requests: 1, per: total}]"))
    deadline = time.monotonic() + 60
    while (status := client.chat("fresh").status) == 404:
        assert time.monotonic() < deadline
    assert [status, client.chat("fresh").status] in ([200, 429], [429, 429]), "more than one request of a limit of one"
