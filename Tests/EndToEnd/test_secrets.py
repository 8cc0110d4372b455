"""Keys appear in no log, error, answer, report or file. Every gateway of this suite is searched for them when it stops, too."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from support.gateway import Gateway
from support.policies import FILE_KEY, PROVIDER_KEY
from support.scripted import ScriptedProvider

EVERY_WAY_TO_FAIL = [
    "scripted/status-401", "scripted/status-403", "scripted/status-404", "scripted/status-500", "scripted/html-502", "scripted/not-json", "scripted/status-400",
    "scripted/error-in-200", "scripted/error-in-stream", "scripted/reset-before-head", "scripted/endless-head", "refused/echo", "hasty/silent", "scripted/echo",
]  # fmt: skip


def test_canaries(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(PURSER_LOG_LEVEL="trace")
    site = gateway.site
    wrong = "sk-purser-WRONG-CANARY-4242424242"
    site.secrets.append(wrong)
    seen = []
    for key in (gateway.key, FILE_KEY, wrong):
        client = gateway.client(key)
        seen += [client.get(path) for path in ("/v1/models", "/readyz", "/healthz", "/nonesuch", f"/v1/models/{key}")]
        for model in EVERY_WAY_TO_FAIL:
            seen += [client.chat(model, stream=stream) for stream in (False, True)]
        seen.append(client.send("POST", "/v1/chat/completions", b"{" + key.encode()))
    # A client may see its own words again (a path, a model name): the name of a model cannot be told from a key. Nobody else's, though.
    for reply in seen:
        text = reply.body.decode(errors="replace") + str(reply.headers)
        assert PROVIDER_KEY not in text
        assert gateway.key not in text or "/v1/models/" in text or reply.status == 404
    for arguments in (["check"], ["keys", "list"], ["usage"], ["usage", "--format", "csv"], ["usage", "--format", "jsonl"]):
        done = site.run(*arguments)
        assert done.returncode == 0
        for secret in site.secrets:
            assert secret not in done.stdout + done.stderr, f"purser {arguments} shows a key"
    gateway.assert_no_secret_written()


def test_the_provider_gets_its_key_and_nothing_of_the_clients(gateway: Gateway, provider: ScriptedProvider) -> None:
    gateway.anonymous.send("POST", "/v1/chat/completions", {"model": "scripted/echo", "messages": [{"role": "user", "content": "x"}]}, {"x-api-key": gateway.key})
    call = provider.last("echo")
    assert call.header("authorization") == f"Bearer {PROVIDER_KEY}"
    assert gateway.key not in str(call.headers) and gateway.key.encode() not in call.raw_body


def test_files_are_private(gateway: Gateway) -> None:
    site = gateway.site
    assert site.state.stat().st_mode & 0o077 == 0
    for name in ("server.key", "ca.key"):
        assert (site.certs / name).stat().st_mode & 0o077 == 0


def test_prompts_and_answers_are_not_stored(gateway: Gateway) -> None:
    gateway.http.chat("scripted/echo", "PROMPT-CANARY-0815")
    for path in gateway.site.state.rglob("*"):
        assert not path.is_file() or b"PROMPT-CANARY-0815" not in path.read_bytes(), path
    assert "PROMPT-CANARY-0815" not in gateway.log()


def test_the_ledger_is_sound(gateway: Gateway) -> None:
    gateway.http.chat("scripted/echo")
    with sqlite3.connect(f"file:{gateway.site.state}/ledger.db?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA quick_check").fetchone() == ("ok",)
