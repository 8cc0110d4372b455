"""Whatever is secret in an address is shown nowhere: not in the log, not by commands, not on a listener. And broken secrets turn off their provider only."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable

import pytest

from support.gateway import Gateway, Site
from support.scripted import ScriptedProvider

SECRET = "CANARY7hidden"

ADDRESSES = {
    "query": f"https://x.example/v1?key={SECRET}",
    "fragment": f"https://x.example/v1#{SECRET}",
    "user": f"https://{SECRET}@x.example/v1",
    "password": f"https://u:{SECRET}@x.example/v1",
    "password with a slash": f"https://u:a/{SECRET}@x.example/v1",
    "password with a question mark": f"https://u:a?{SECRET}@x.example/v1",
    "no scheme, query": f"x.example/v1?key={SECRET}",
    "no scheme, password": f"u:{SECRET}@x.example",
    "no scheme, port": f"x.example:{SECRET}",
    "port": f"https://x.example:{SECRET}/v1",
    "path parameter": f"https://x.example/v1;key={SECRET}/a b",
    "escaped query": f"https://x.example/v1%3Fkey={SECRET}|",
    "unknown scheme": f"ftp://x.example/?{SECRET}",
    "backslash": f"https://x.example\\\\{SECRET}",
    "query with an at sign": f"https://x.example/?mail=a@{SECRET}",
}

MEMBERS = {
    "openai": "p: {{kind: openai, base_url: '{address}'}}",
    "anthropic": "p: {{kind: anthropic, api_key: k, base_url: '{address}'}}",
    "gemini": "p: {{kind: gemini, api_key: k, base_url: '{address}'}}",
    "azure": "p: {{kind: azure, api_key: k, base_url: '{address}'}}",
    "bedrock": "p: {{kind: bedrock, region: us-east-1, api_key: k, base_url: '{address}'}}",
    "proxy": "p: {{kind: openai, base_url: 'http://127.0.0.1:9/v1', proxy: '{address}'}}",
    "misspelt": "p: {{kind: openai, base_url: 'http://127.0.0.1:9/v1', bas_url: '{address}'}}",
    "of another thing": "p: {{kind: openai, base_url: 'http://127.0.0.1:9/v1', timeouts: '{address}'}}",
    "beside a mistake": "p: {{kind: opnai, base_url: '{address}'}}",
    "not YAML": "p: {{kind: openai, base_url: '{address}', ]",
    "block": "p:\n    kind: openai\n    base_url: >-\n      {address}\n    nonsense: 1",
}


@pytest.mark.parametrize("member", MEMBERS)
def test_nothing_tells_a_secret_of_an_address(own_gateway: Callable[..., Gateway], new_site: Callable[..., Site], provider: ScriptedProvider, member: str) -> None:
    site = new_site(f"providers:\n  s: {{kind: openai, base_url: {provider.url}}}\nmodels: {{s/echo: {{provider: s, price: free}}}}\n")
    site.secrets.append(SECRET)
    good = site.policy_file.read_text()
    gateway = own_gateway(site)
    for name, address in ADDRESSES.items():
        # A word with a colon, in a place for something else, may be anything.
        if (member, name) == ("of another thing", "no scheme, port"):
            continue
        text = good.replace("providers:\n", "providers:\n  " + MEMBERS[member].format(address=address) + "\n")
        site.policy_file.write_text(text)
        checked = site.run("check")
        assert SECRET not in checked.stdout + checked.stderr, (name, checked.stderr)
        for command in (["route", "--model", "s/echo", "hi"], ["budgets"]):
            done = site.run(*command)
            assert SECRET not in done.stdout + done.stderr, (name, command)
    # The last one as the gateway itself meets it, at reload and at start.
    reply = gateway.admin().send("POST", "/admin/v1/reload", {"force": True})
    assert SECRET not in reply.body.decode()
    assert SECRET not in gateway.admin().get("/admin/v1/status").body.decode()
    assert SECRET not in gateway.anonymous.get("/readyz").body.decode()
    assert SECRET not in gateway.log()


@pytest.mark.parametrize("name", ADDRESSES)
def test_addresses_from_the_environment_turn_their_provider_off(new_site: Callable[..., Site], provider: ScriptedProvider, name: str) -> None:
    site = new_site(
        f"providers:\n  s: {{kind: openai, base_url: {provider.url}}}\n  p: {{kind: openai, base_url: '${{WHERE}}'}}\n  q: {{kind: openai, base_url: {provider.url}, proxy: '${{WHERE}}'}}\n"
        "models: {s/echo: {provider: s, price: free}, p/x: {provider: p, price: free}}\n"
    )
    checked = site.run("check", environment={"WHERE": ADDRESSES[name].replace("\\\\", "\\")})
    assert checked.returncode == 0, checked.stderr
    assert SECRET not in checked.stdout + checked.stderr
    off = [line for line in checked.stderr.splitlines() if line.startswith("providers that are off:")]
    assert len(off) == 1 and "p (" in off[0] and "WHERE" in off[0]


def test_ready_tells_states_and_nothing_else(own_gateway: Callable[..., Gateway], new_site: Callable[..., Site]) -> None:
    site = new_site("providers:\n  p: {kind: openai, base_url: http://10.1.2.3:8080/v1}\nmodels: {m: {provider: p, price: free}}\n")
    gateway = own_gateway(site)
    site.policy_file.write_text(site.policy_file.read_text() + "organizations: {acme: {limits: [{usd: 4000, per: fortnight}]}}\n")
    deadline = time.monotonic() + 60
    while (ready := gateway.anonymous.get("/readyz").json())["policies"] == "ok":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ready == {"status": "ready", "ledger": "ok", "draining": False, "memory": "ok", "requests": "ok", "policies": "refused", "keys": "ok"}
    assert "fortnight" in gateway.why_not()
    assert gateway.client(None).get("/readyz").status == 200
    admin = gateway.admin()
    admin.key = None
    assert admin.get("/admin/v1/status").status == 401


# --- Values of the environment that cannot be used


POLICY = """
providers:
  oa: {{kind: openai, base_url: {url}, api_key: "${{OA_KEY}}", retry: {{attempts: 1}}}}
  an: {{kind: anthropic, base_url: {url}, api_key: "${{OA_KEY}}"}}
  he: {{kind: openai, base_url: {url}, headers: {{x-key: "Token ${{OA_KEY}}"}}}}
  ok: {{kind: openai, base_url: {url}, api_key: "${{OK_KEY}}"}}
models:
  oa/echo: {{provider: oa, price: free}}
  ok/echo: {{provider: ok, price: free}}
"""


@pytest.mark.parametrize("value", ["sk-test\n", " sk-test", "sk-test\r\n", "\tsk-test\n\n", "\u00a0sk-test\u00a0"])
def test_white_space_around_a_key_is_cut(own_gateway: Callable[..., Gateway], new_site: Callable[..., Site], provider: ScriptedProvider, value: str) -> None:
    gateway = own_gateway(new_site(POLICY.format(url=provider.url)), OA_KEY=value, OK_KEY="sk-ok")
    provider.forget()
    assert gateway.http.chat("oa/echo").status == 200
    assert dict((name.lower(), text) for name, text in provider.calls[0].headers)["authorization"] == "Bearer sk-test"
    assert "providers are off" not in gateway.log()


@pytest.mark.parametrize("value", ["sk-a\nsk-b", "sk-a\r\nX-Evil: 1", "sk-a\x01b", "sk-a\x7fb", "sk-\u0085b", "sk a", "sk-ä", "s" * 9_000])
def test_a_broken_key_turns_off_its_providers_only(own_gateway: Callable[..., Gateway], new_site: Callable[..., Site], provider: ScriptedProvider, value: str) -> None:
    site = new_site(POLICY.format(url=provider.url))
    site.environment |= {"OA_KEY": value, "OK_KEY": "sk-ok"}
    gateway = own_gateway(site)
    assert gateway.http.chat("ok/echo").status == 200
    assert gateway.http.chat("oa/echo").status in (404, 503)
    told = [json.loads(line) for line in gateway.log().splitlines() if '"providers are off"' in line]
    assert len(told) == 1 and "oa (" in told[0]["providers"] and "OA_KEY" in told[0]["providers"] and "ok (" not in told[0]["providers"]
    checked = site.run("check")
    off = [line for line in checked.stderr.splitlines() if "OA_KEY" in line]
    assert checked.returncode == 0 and len(off) == 1 and off[0].startswith("providers that are off: oa (")
    for part in ("sk-a", "sk-b", "X-Evil", "sk-ä", "sk a", "s" * 20):
        assert part not in gateway.log() and part not in checked.stdout + checked.stderr


def test_a_required_provider_with_a_broken_key_is_an_error(new_site: Callable[..., Site], provider: ScriptedProvider) -> None:
    site = new_site(POLICY.format(url=provider.url).replace('api_key: "${OA_KEY}", retry', 'required: true, api_key: "${OA_KEY}", retry'))
    checked = site.run("check", environment={"OA_KEY": "sk-a\nsk-b", "OK_KEY": "k"})
    assert checked.returncode == 1 and "OA_KEY" in checked.stderr and "required" in checked.stderr and "sk-b" not in checked.stderr
