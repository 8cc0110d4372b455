"""Three gateways on one PostgreSQL under load, and everything that breaks: limits hold, no record is lost, all recover by themselves."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from support.cluster import Accounts, CountingProvider, Load, Member, eventually
from support.gateway import Gateway, Site
from support.http import Client
from support.postgres import PASSWORD, PostgreSQL, programs
from support.proxy import Proxy
from support.scripted import ScriptedProvider

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL's programs are missing; scripts/setup --for test installs them")

LIMIT = Decimal(60)
POLICIES = """
providers:
  scripted: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}
models:
  "s/*": {{provider: scripted, upstream_model: "*", price: {{input: 0, output: 1000}}}}
  "d/*": {{provider: scripted, upstream_model: "*", price: {{input: 0, output: 10000}}}}
organizations:
  acme:
    limits: [{{usd: {limit}, per: month}}]
    teams: {{research: {{limits: [{{requests: 1000000, per: day}}, {{tokens: 100000000, per: day}}], each_key: [{{usd: 1000, per: day}}]}}}}
"""


@pytest.fixture
def postgres() -> Iterator[PostgreSQL]:
    # Not in pytest's directory, into which the server's user may not look.
    with tempfile.TemporaryDirectory(prefix="purser-postgres-") as home:
        Path(home).chmod(0o755)
        server = PostgreSQL(Path(home) / "server")
        yield server
        server.stop()


@pytest.fixture
def proxy(postgres: PostgreSQL) -> Iterator[Proxy]:
    made = Proxy(postgres.port)
    yield made
    made.stop()


Cluster = Callable[[str], list[Member]]


@pytest.fixture
def cluster(postgres: PostgreSQL, proxy: Proxy, new_site: Callable[..., Site]) -> Iterator[Cluster]:
    """Starts three gateways with these policies. The last of them reaches PostgreSQL through the proxy."""
    started: list[Member] = []

    def start(policies: str) -> list[Member]:
        started.extend(three_members([new_site(policies) for _ in range(3)], postgres, proxy))
        return started

    yield start
    for member in started:
        member.gateway.process.kill()


@pytest.fixture
def members(cluster: Cluster, provider: ScriptedProvider) -> list[Member]:
    return cluster(POLICIES.format(url=provider.url, limit=LIMIT))


def three_members(sites: list[Site], postgres: PostgreSQL, proxy: Proxy) -> list[Member]:
    for site in sites:
        site.environment["PURSER_STORE"] = postgres.url
        site.secrets.append(PASSWORD)
    sites[2].environment["PURSER_STORE"] = postgres.url.replace(f":{postgres.port}/", f":{proxy.port}/")
    key = sites[0].new_key()
    return [Member(Gateway(site, key, plain=True)) for site in sites]


@pytest.fixture
def accounts(postgres: PostgreSQL) -> Iterator[Accounts]:
    watching = Accounts(postgres)
    yield watching
    watching.stop()


def settled_limits(member: Member) -> list[tuple[str, ...]]:
    """The limits as the gateway's admin listener tells them."""
    site = member.gateway.site
    port = int(site.environment["PURSER_ADMIN"].rpartition(":")[2])
    admin = Client("localhost", port, (site.state / "admin-key").read_text().strip(), site.trust())
    return numbers(admin.get("/admin/v1/budgets").json()["data"])


def numbers(limits: list[dict]) -> list[tuple[str, ...]]:
    fields = ("scope", "key", "user", "kind", "period", "limit", "spent", "held", "left", "resets")
    return [tuple(str(limit[field]) for field in fields) for limit in limits]


def test_the_limit_holds_whatever_breaks_and_all_recover(
    members: list[Member], accounts: Accounts, postgres: PostgreSQL, proxy: Proxy
) -> None:
    killed, kept, cut = members
    load = Load(members, "s/echo", clients=4, pause=0.04)
    try:
        assert all(eventually(lambda member=member: len(member.answered) > 20) for member in members)
        usual = kept.rate(2)
        assert usual > 20

        killed.gateway.expect_clean_exit = False
        killed.gateway.process.kill()
        killed.gateway.process.wait()
        proxy.cut()
        since = time.monotonic()
        time.sleep(2)
        postgres.stop()
        time.sleep(0.5)
        postgres.start()
        assert eventually(lambda: kept.rate(0.5) > usual / 2, 15), f"the one that was left does not recover: {kept.statuses}"
        killed.restart()
        assert eventually(lambda: killed.rate(0.5) > usual / 2, 15), f"the one that was killed does not come back: {killed.statuses}"
        time.sleep(max(0, since + 10 - time.monotonic()))
        proxy.mend()
        assert eventually(lambda: cut.rate(0.5) > usual / 2, 15), f"the one that was cut off does not recover: {cut.statuses}"
        # All three again, at the same time.
        rates = [member.rate(1) for member in members]
        assert min(rates) > usual / 2, rates
    finally:
        load.stop()

    # Until the money is gone, down to the last request that fits.
    for model in ("d/echo", "s/echo"):
        before = sum(member.statuses[402] for member in members)
        drain = Load(members, model, clients=4)
        assert eventually(lambda: min(member.statuses[402] for member in members) > 20 and sum(member.rate(0.7) for member in members) == 0, 60)
        drain.stop()
        assert sum(member.statuses[402] for member in members) > before
    assert {status for member in members for status in member.statuses} <= {0, 200, 402, 429, 503}

    check_what_is_left(members, accounts)


def check_what_is_left(members: list[Member], accounts: Accounts) -> None:
    site = members[0].gateway.site
    answered = [name for member in members for name in member.answered]
    assert eventually(lambda: set(answered) <= {record["request_id"] for record in site.records()}), "a record is lost"
    records = site.records()
    assert len({record["call_id"] for record in records}) == len(records)
    total = sum((Decimal(record["cost_usd"]) + Decimal(record["in_doubt_usd"]) for record in records), Decimal(0))
    assert LIMIT - Decimal("0.2") < total <= LIMIT, total
    excess = accounts.stop()
    assert len(excess) > 20 and max(excess) <= 0, max(excess)

    # Every surface tells the same once the slices that nobody uses have gone back.
    def shown() -> list[tuple[str, ...]]:
        return numbers(json.loads(site.run("budgets", "--format", "json", check=True).stdout))

    if not eventually(lambda: all(settled_limits(member) == shown() for member in members)):
        # One after the other, so that the difference shows.
        for member in members:
            assert settled_limits(member) == shown()
    money = next(limit for limit in shown() if limit[3] == "usd" and limit[4] == "month")
    assert Decimal(money[6]) == total and Decimal(money[7]) == 0 and Decimal(money[8]) == LIMIT - total
    for member in members:
        member.gateway.stop()
    assert numbers(json.loads(site.run("budgets", "--format", "json", check=True).stdout))[0][6:9] == money[6:9]
    assert site.run("ledger", "verify").returncode == 0


# --- Every surface tells the same

MANY_LIMITS = """
providers:
  scripted: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}
models:
  "s/*": {{provider: scripted, upstream_model: "*", price: {{input: 1.3, output: 1000.7}}}}
organizations:
  acme:
    limits: [{{usd: 900, per: month}}, {{usd: 0.5, per: day, soft: true}}, {{concurrent: 20}}]
    teams:
      research:
        limits: [{{requests: 100000, per: day}}, {{tokens: 100000000, per: total}}, {{usd: 70, per: week, models: [s/*]}}]
        each_key: [{{usd: 1000, per: day}}]
        each_user: [{{usd: 5, per: month}}, {{concurrent: 9}}]
"""


def test_every_surface_tells_what_the_records_say(cluster: Cluster, provider: ScriptedProvider) -> None:
    members = cluster(MANY_LIMITS.format(url=provider.url))
    site = members[0].gateway.site
    loads = [Load(members[:2], "s/echo", clients=2, user=user) for user in ("bob", "Zoë | 100 %")]
    # While it goes on, nothing is read that is not so: what is spent, held and left is the limit.
    for _ in range(5):
        time.sleep(0.4)
        for limit in json.loads(site.run("budgets", "--format", "json", check=True).stdout):
            assert Decimal(limit["spent"]) + Decimal(limit["held"]) + Decimal(limit["left"]) == Decimal(limit["limit"]) or limit["soft"], limit
    for load in loads:
        load.stop()
    assert min(len(member.answered) for member in members[:2]) > 20

    def shown() -> list[tuple[str, ...]]:
        return numbers(json.loads(site.run("budgets", "--format", "json", check=True).stdout))

    # A gateway tells of the keys and users that it has served.
    def named(limits: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        return [limit for limit in limits if limit[1] == limit[2] == "None"]

    assert eventually(lambda: settled_limits(members[0]) == settled_limits(members[1]) == shown() != [])
    assert len(shown()) == len({limit[:5] for limit in shown()}) == 9
    assert named(settled_limits(members[2])) == named(shown())
    records = site.records()
    assert len(records) == sum(len(member.answered) for member in members)
    cost = sum(Decimal(record["cost_usd"]) + Decimal(record["in_doubt_usd"]) for record in records)
    tokens = sum(record["input_tokens"] + record["output_tokens"] for record in records)
    for scope, _, user, kind, period, limit, spent, held, left, _ in shown():
        expected = {"usd": cost, "tokens": tokens, "requests": len(records), "concurrent": 0}[kind]
        if user != "None":
            expected = sum(Decimal(record["cost_usd"]) + Decimal(record["in_doubt_usd"]) for record in records if record["user"] == user) if kind == "usd" else 0
        assert (Decimal(spent), Decimal(held)) == (expected, 0), (scope, user, kind, period)
        assert Decimal(left) == max(0, Decimal(limit) - Decimal(spent))
    for member in members:
        member.gateway.stop()


# --- Slots of all gateways together

SLOTS = """
providers:
  scripted: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}
models:
  "s/*": {{provider: scripted, upstream_model: "*", price: {{input: 0, output: 1000}}}}
organizations:
  acme: {{limits: [{{concurrent: 8{wait}}}], teams: {{research: {{}}}}}}
"""


@pytest.fixture
def busy() -> Iterator[CountingProvider]:
    provider = CountingProvider()
    yield provider
    provider.stop()


@pytest.mark.parametrize("wait", ["", ", wait: 5s"], ids=["refusing", "waiting"])
def test_slots_are_shared_whatever_breaks(cluster: Cluster, busy: CountingProvider, postgres: PostgreSQL, proxy: Proxy, wait: str) -> None:
    killed, kept, cut = members = cluster(SLOTS.format(url=busy.url, wait=wait))
    load = Load(members, "s/echo", clients=8, pause=0.002)
    try:
        assert eventually(lambda: all(len(member.answered) > 5 for member in members)), [member.statuses for member in members]
        # Eight at a time of 40 ms are 200 a second; most of them are used.
        before = busy.served
        time.sleep(3)
        assert busy.served - before > 250, busy.served - before
        killed.gateway.expect_clean_exit = False
        killed.gateway.process.kill()
        killed.gateway.process.wait()
        proxy.cut()
        time.sleep(2)
        postgres.stop()
        postgres.start()
        killed.restart()
        time.sleep(3)
        proxy.mend()
        counts = [len(member.answered) for member in members]
        assert eventually(lambda: all(len(member.answered) > count for member, count in zip(members, counts, strict=True)), 15)
        before = busy.served
        time.sleep(3)
        assert busy.served - before > 250, busy.served - before
    finally:
        load.stop()
    assert busy.peak <= 8
    assert {status for member in members for status in member.statuses} <= {0, 200, 429, 503}, [member.statuses for member in members]
    assert eventually(lambda: postgres.query("SELECT sum(leased) FROM purser.limit_window") == ["0"]), "slots that nobody uses go back"
    for member in members:
        member.gateway.stop()
