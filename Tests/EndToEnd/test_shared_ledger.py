"""Several gateways on one PostgreSQL: keys and usage are one, nothing is lost when one of them or PostgreSQL fails."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path

import pytest

from support.answers import answer
from support.gateway import Gateway, Site, free_port
from support.postgres import PASSWORD, PostgreSQL, programs
from support.scripted import Behaviour, Call, ScriptedProvider, Wire

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL's programs are missing; scripts/setup --for test installs them")


@pytest.fixture
def postgres() -> Iterator[PostgreSQL]:
    # Not in pytest's directory, into which the server's user may not look.
    with tempfile.TemporaryDirectory(prefix="purser-postgres-") as home:
        Path(home).chmod(0o755)
        server = PostgreSQL(Path(home) / "server")
        yield server
        try:
            server.stop()
        except AssertionError:
            pass  # a test has stopped it


@pytest.fixture
def sites(postgres: PostgreSQL, new_site: Callable[..., Site]) -> list[Site]:
    made = [new_site(), new_site()]
    for site in made:
        site.environment["PURSER_STORE"] = postgres.url
        site.secrets.append(PASSWORD)
    return made


def eventually(condition: Callable[[], object], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return bool(condition())


def ask(gateway: Gateway, name: str) -> int:
    return gateway.http.chat("scripted/priced", headers={"x-request-id": name}).status


def stored(site: Site) -> set[str]:
    return {record["request_id"] for record in site.records()}


def test_one_key_opens_all_gateways_and_closes_them(sites: list[Site]) -> None:
    key = sites[0].new_key()
    first, second = Gateway(sites[0], key), Gateway(sites[1], key)
    assert [ask(first, "one"), ask(second, "two")] == [200, 200]
    assert eventually(lambda: stored(sites[1]) == {"one", "two"}, 3)
    name = sites[1].run("keys", "list", check=True).stdout.splitlines()[1].split()[0]
    sites[1].run("keys", "revoke", name, check=True)
    assert eventually(lambda: [ask(first, "x"), ask(second, "x")] == [401, 401], 2)
    late = sites[0].new_key()
    assert eventually(lambda: second.client(late).chat("scripted/priced").status == 200, 2)
    first.stop()
    second.stop()
    assert sites[0].run("ledger", "verify").returncode == 0


def test_postgresql_may_be_away(sites: list[Site], postgres: PostgreSQL) -> None:
    gateway = Gateway(sites[0])
    assert ask(gateway, "before") == 200
    postgres.stop()
    # Long enough for it to notice.
    for number in range(20):
        assert ask(gateway, f"away-{number}") == 200
        time.sleep(0.05)
    postgres.start()
    assert eventually(lambda: len(stored(sites[0])) == 21)
    assert ask(gateway, "after") == 200
    gateway.stop()
    assert len(stored(sites[1])) == 22


def test_a_killed_gateway_loses_nothing(sites: list[Site]) -> None:
    gateway = Gateway(sites[0])
    names = [f"call-{number}" for number in range(40)]
    assert [ask(gateway, name) for name in names] == [200] * 40
    gateway.signal(signal.SIGKILL)
    gateway.process.wait()
    again = Gateway(sites[0], gateway.key)
    assert eventually(lambda: stored(sites[1]) == set(names))
    again.stop()
    assert sites[1].run("ledger", "verify").returncode == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda url: url.replace(PASSWORD, PASSWORD + "x"), "password authentication failed"),
        (lambda url: url + "_none", "does not exist"),
        (lambda url: url.replace("127.0.0.1:", "127.0.0.1:1"), "postgres://"),
        (lambda url: url.replace("postgres://", "postgre://"), "expected sqlite:PATH or postgres://"),
        (lambda url: url.rsplit("/", 1)[0], "this is no PostgreSQL URL"),
    ],
)
def test_a_store_that_is_none(sites: list[Site], postgres: PostgreSQL, change: Callable[[str], str], says: str) -> None:
    done = sites[0].run("serve", environment={"PURSER_STORE": change(postgres.url)})
    assert done.returncode in (2, 3)
    assert says in done.stderr
    assert PASSWORD not in done.stderr + done.stdout


def test_tables_of_a_newer_version(sites: list[Site], postgres: PostgreSQL) -> None:
    sites[0].new_key()
    postgres.query("UPDATE purser.meta SET value = '99' WHERE name = 'version'")
    for command in (["serve"], *READING):
        done = sites[0].run(*command)
        assert done.returncode == 3 and "schema version 99" in done.stderr, command


READING = (["keys", "list"], ["usage"], ["budgets"], ["ledger", "verify"], ["ledger", "list"])


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_what_cannot_be_read(sites: list[Site], postgres: PostgreSQL, command: list[str]) -> None:
    def said(url: str) -> str:
        done = sites[0].run(*command, environment={"PURSER_STORE": url})
        assert done.returncode == 3 and done.stdout == "", done.stdout
        assert PASSWORD not in done.stderr and "Fatal" not in done.stderr
        return done.stderr

    sites[0].new_key()
    assert "password authentication failed" in said(postgres.url.replace(PASSWORD, PASSWORD[::-1]))
    assert "does not answer" in said(postgres.url.replace(f":{postgres.port}/", f":{free_port()}/"))
    postgres.query(f"CREATE ROLE stranger LOGIN PASSWORD '{PASSWORD}'")
    stranger = said(postgres.url.replace("purser:", "stranger:"))
    assert "permission denied" in stranger and "rights in --store" in stranger


def test_nothing_is_there_yet(sites: list[Site]) -> None:
    for command in (["usage"], ["budgets"], ["ledger", "verify"]):
        done = sites[0].run(*command)
        assert done.returncode == 3 and "there is no ledger yet" in done.stderr, command


# --- One budget over several gateways

BUDGET = """
providers:
  scripted: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}
models:
  "s/*": {{provider: scripted, upstream_model: "*", price: {{input: 0, output: 1000}}}}
organizations:
  acme: {{limits: [{{usd: {limit}, per: month}}], teams: {{research: {{}}}}}}
"""


@pytest.fixture
def cluster(postgres: PostgreSQL, new_site: Callable[..., Site], provider: ScriptedProvider) -> Callable[[str, int], list[Gateway]]:
    def start(limit: str, count: int) -> list[Gateway]:
        sites = [new_site(BUDGET.format(url=provider.url, limit=limit)) for _ in range(count)]
        for site in sites:
            site.environment["PURSER_STORE"] = postgres.url
            site.secrets.append(PASSWORD)
        key = sites[0].new_key()
        return [Gateway(site, key) for site in sites]

    return start


def spend(gateways: list[Gateway], requests: int, during: Callable[[], None] = lambda: None) -> list[int]:
    """Asks all gateways at once, 0.007 USD a request, and does something else in the middle. A gateway that has died answers 0."""

    def one(number: int) -> int:
        try:
            return gateways[number % len(gateways)].http.chat("s/echo", f"{number}", max_tokens=7, timeout=60).status
        except (OSError, HTTPException):
            return 0

    with ThreadPoolExecutor(24) as pool:
        statuses = pool.map(one, range(requests))
        during()
        return list(statuses)


def total(site: Site) -> Decimal:
    return sum((Decimal(record["cost_usd"]) + Decimal(record["in_doubt_usd"]) for record in site.records()), Decimal(0))


def test_one_budget_holds_over_three_gateways(cluster: Callable[[str, int], list[Gateway]]) -> None:
    gateways = cluster("1.05", 3)
    statuses = spend(gateways, 240)
    assert set(statuses) <= {200, 402, 429} and 135 <= statuses.count(200) <= 150, {status: statuses.count(status) for status in set(statuses)}
    for gateway in gateways:
        gateway.stop()
    assert total(gateways[0].site) == statuses.count(200) * Decimal("0.007") <= Decimal("1.05")


def test_a_gateway_that_is_killed_does_not_open_the_budget(cluster: Callable[[str, int], list[Gateway]]) -> None:
    gateways = cluster("1.05", 3)
    gateways[2].expect_clean_exit = False

    def kill() -> None:
        time.sleep(0.3)
        gateways[2].process.kill()

    statuses = spend(gateways, 240, kill)
    assert 200 in statuses
    for gateway in gateways[:2]:
        gateway.stop()
    assert total(gateways[0].site) <= Decimal("1.05")


def test_postgresql_restarts_and_the_budget_holds(cluster: Callable[[str, int], list[Gateway]], postgres: PostgreSQL) -> None:
    gateways = cluster("1.05", 2)

    def restart() -> None:
        postgres.stop()
        time.sleep(1)
        postgres.start()

    statuses = spend(gateways, 160, restart)
    assert eventually(lambda: gateways[0].http.chat("s/echo", max_tokens=7).status in (200, 402))
    statuses += spend(gateways, 60)
    assert set(statuses) <= {200, 402, 429, 503}, set(statuses)
    for gateway in gateways:
        gateway.stop()
    spent = total(gateways[0].site)
    assert statuses.count(200) * Decimal("0.007") <= spent <= Decimal("1.05")


class SlowProvider(ScriptedProvider):
    """Takes three seconds for an answer, and bills all that it may."""

    def script(self, call: Call) -> Behaviour:
        return self._answer

    async def _answer(self, call: Call, wire: Wire) -> None:
        await asyncio.sleep(3)
        output = call.body["max_tokens"]
        usage = {"prompt_tokens": 5, "completion_tokens": output, "total_tokens": 5 + output}
        await answer(call, wire, "at last", usage)


@pytest.fixture
def slow() -> Iterator[SlowProvider]:
    provider = SlowProvider()
    yield provider
    provider.stop()


def test_a_limit_that_a_reload_adds_counts_what_is_under_way_everywhere(
    postgres: PostgreSQL, new_site: Callable[..., Site], slow: SlowProvider
) -> None:
    """0.5 USD are under way at one gateway when both take a limit of 0.7: the other one may spend 0.2, whenever it asks."""
    without = BUDGET.format(url=slow.url, limit="9").replace("limits: [{usd: 9, per: month}], ", "")
    sites = [new_site(without) for _ in range(2)]
    for site in sites:
        site.environment["PURSER_STORE"] = postgres.url
        site.secrets.append(PASSWORD)
    key = sites[0].new_key()
    one, two = (Gateway(site, key) for site in sites)

    def ask(gateway: Gateway, tokens: int) -> int:
        return gateway.http.chat("s/late", max_tokens=tokens, timeout=60).status

    with ThreadPoolExecutor(12) as pool:
        early = [pool.submit(ask, one, 100) for _ in range(5)]
        assert eventually(lambda: len(slow.calls) == 5)
        for gateway in (one, two):
            gateway.site.policy_file.write_text(BUDGET.format(url=slow.url, limit="0.7"))
            gateway.site.run("reload", check=True)
        late = [pool.submit(ask, two, 100) for _ in range(6)]
        assert [reply.result() for reply in early] == [200] * 5
        assert {reply.result() for reply in late} <= {200, 402, 429}
    for gateway in (one, two):
        gateway.stop()
    assert Decimal("0.5") <= total(sites[0]) <= Decimal("0.7")
