"""What one client holds open keeps no other client from a provider, and addresses on the command line keep their secrets."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.gateway import Gateway, Site
from support.moody import MoodyProvider, says, takes

POLICY = """
providers:
  p: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, max_connections: 8, breaker: off}}
  q: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: {{cooldown: 1s}}}}
  r: {{kind: openai, base_url: {url}, retry: {{attempts: 2, backoff: 1ms}}, breaker: off}}
models:
  m: {{provider: p, price: {{input: 1, output: 1}}}}
  f: {{provider: r, price: {{input: 1, output: 1}}}}
  n: {{provider: q, price: {{input: 1, output: 1}}}}
organizations:
  acme: {{teams: {{research: {{}}}}}}
  other: {{teams: {{work: {{}}}}}}
"""


@pytest.fixture
def moody() -> Iterator[MoodyProvider]:
    running = MoodyProvider()
    yield running
    running.stop()


@pytest.fixture(params=["1", "2"], ids=["one loop", "two loops"])
def shared(request: pytest.FixtureRequest, tmp_path: Path, moody: MoodyProvider) -> Iterator[Gateway]:
    running = Gateway(Site(tmp_path / "site", POLICY.format(url=moody.url)), PURSER_LOOPS=request.param)
    yield running
    running.stop()


def crowd(size: int, work: Callable[[], object]) -> Callable[[], None]:
    """Does `work` again and again, so many times at once. Returns what ends it."""
    stop = threading.Event()

    def go() -> None:
        while not stop.is_set():
            try:
                work()
            except OSError:
                pass

    threads = [threading.Thread(target=go) for _ in range(size)]
    for thread in threads:
        thread.start()

    def end() -> None:
        stop.set()
        for thread in threads:
            thread.join()

    return end


def test_a_key_that_fills_max_connections_keeps_no_other_out(shared: Gateway, moody: MoodyProvider) -> None:
    """Forty requests at once for eight places, each of which is held for a second and a half."""
    moody.moods["slow"] = takes(1.5)
    other = shared.client(shared.site.new_key("other/work"))
    end = crowd(40, lambda: shared.http.chat("m", "slow", timeout=30))
    try:
        time.sleep(0.5)
        assert other.chat("m").status == 200, "the first call, while the crowd has every place"
        time.sleep(2)
        waits = []
        for _ in range(10):
            began = time.monotonic()
            assert other.chat("m").status == 200
            waits.append(time.monotonic() - began)
            time.sleep(0.05)
        assert sorted(waits)[5] < 0.7, f"waited {waits} although a quarter of the places is left for others"
        assert moody.most_running <= 8
    finally:
        end()


def test_the_slow_probes_of_many_keys_of_a_team_keep_no_other_team_out(shared: Gateway, moody: MoodyProvider) -> None:
    moody.moods["bad"] = says(500, {"error": {"message": "no"}})
    moody.moods["slow"] = takes(6)
    keys = [shared.http] + [shared.client(shared.site.new_key("acme/research")) for _ in range(8)]
    other = shared.client(shared.site.new_key("other/work"))
    while shared.http.chat("n", "bad").status != 503:
        pass
    time.sleep(1.1)
    threads = [
        threading.Thread(target=lambda key=key, headers=headers: key.chat("n", "slow", headers=headers, timeout=30))
        for key in keys
        for headers in ({}, {"x-purser-timeout": "10s"})
    ]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.5)
        assert 0 < moody.running <= 4, "probes of one team"
        assert other.chat("n").status == 200
    finally:
        for thread in threads:
            thread.join()


def test_the_failures_of_a_team_leave_retries_to_others(shared: Gateway, moody: MoodyProvider) -> None:
    """A team whose requests all fail, as fast as they go, on eight connections, takes every retry that it can get."""
    moody.moods["bad"] = says(500, {"error": {"message": "no"}})
    seen = {"n": 0}

    async def every_second(call, wire) -> None:
        seen["n"] += 1
        await (says(500, {"error": {"message": "no"}}) if seen["n"] % 2 else takes(0))(call, wire)

    moody.moods["flaky"] = every_second
    other = shared.client(shared.site.new_key("other/work"))
    end = crowd(8, lambda: shared.http.chat("f", "bad"))
    try:
        time.sleep(1)
        for _ in range(10):
            assert other.chat("f", "flaky").status == 200
            time.sleep(0.2)
        assert seen["n"] == 20, "each of the ten was tried again, once"
        assert moody.count("bad") > 100
    finally:
        end()


def test_a_probe_that_does_not_end_gives_way_after_the_cooldown(shared: Gateway, moody: MoodyProvider) -> None:
    moody.moods["bad"] = says(500, {"error": {"message": "no"}})
    moody.moods["slow"] = takes(8)
    while shared.http.chat("n", "bad").status != 503:
        pass
    time.sleep(1.1)
    probe = threading.Thread(target=lambda: shared.http.chat("n", "slow", timeout=30))
    probe.start()
    try:
        time.sleep(0.3)
        assert shared.http.chat("n").status == 503
        time.sleep(1.2)
        assert shared.http.chat("n").status == 200
    finally:
        probe.join()


def test_requests_that_a_provider_fails_on_open_the_breaker_for_their_own_team(shared: Gateway, moody: MoodyProvider) -> None:
    moody.moods["poison"] = says(500, {"error": {"message": "no"}})
    other = shared.client(shared.site.new_key("other/work"))
    assert other.chat("n").status == 200
    statuses: list[int] = []

    def poison() -> None:
        statuses.append(shared.http.chat("n", "poison").status)
        time.sleep(0.02)

    end = crowd(3, poison)
    try:
        for _ in range(40):
            assert other.chat("n").status == 200
            time.sleep(0.05)
    finally:
        end()
    assert set(statuses) == {502, 503}


SECRET = "CANARY7hidden"


@pytest.mark.parametrize("address", ["http://u:{}@127.0.0.1:0", "https://x:1/?key={}", "u:{}@h:1", "https://x:1/#{}", "http://{}@h:x"])
@pytest.mark.parametrize("option", ["--listen", "--admin"])
def test_an_address_that_is_refused_is_shown_without_its_secrets(new_site: Callable[..., Site], option: str, address: str) -> None:
    done = new_site().run("serve", option, address.format(SECRET))
    assert done.returncode != 0
    assert option in done.stderr and SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("command", [("catalogue", "update"), ("catalogue", "diff")])
def test_a_file_that_is_an_address_is_shown_without_its_secrets(new_site: Callable[..., Site], command: tuple[str, ...]) -> None:
    done = new_site().run(*command, f"https://u:{SECRET}@h/data.json?token={SECRET}")
    assert done.returncode != 0 and "cannot be opened" in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_a_pipe_among_the_policies_holds_nothing_up(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(new_site())
    os.mkfifo(gateway.site.policies / "pipe.yaml")
    deadline = time.monotonic() + 60
    while "pipe.yaml" not in gateway.why_not():
        assert time.monotonic() < deadline, "the pipe is not refused"
        time.sleep(0.05)
    gateway.signal(signal.SIGHUP)
    assert gateway.http.chat("scripted/echo").status == 200
    (gateway.site.policies / "pipe.yaml").unlink()
    while gateway.why_not():
        assert time.monotonic() < deadline + 8
        time.sleep(0.05)
