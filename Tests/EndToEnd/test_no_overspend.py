"""No overspend, at scale: ten thousand requests of random cost over real sockets and TLS, against a tree of hard limits."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from support.gateway import Gateway, Site
from support.load import Connection, LoadReply, run_clients
from support.metered import MeteredProvider, Usage

REQUESTS, CLIENTS, USERS = 10_000, 1_000, 30

#: USD per million tokens of input, cached input and output. Parts of a nano-dollar in `odd` make rounding show.
PRICES = {"small": ("0.15", "0.075", "0.6"), "large": ("3", "0.3", "15"), "odd": ("0.0333", "0.0111", "0.0777")}
PRICED = {name: f"price: {{input: {prices[0]}, cached_input: {prices[1]}, output: {prices[2]}}}, max_output_tokens: 3000" for name, prices in PRICES.items()}

POLICY = f"""
providers:
  metered: {{kind: openai, base_url: URL, retry: {{attempts: 1}}, breaker: off, max_connections: 700}}
  hasty: {{kind: openai, base_url: URL, retry: {{attempts: 1}}, breaker: off, max_connections: 300, timeouts: {{first_byte: 700ms}}}}
  stubborn: {{kind: openai, base_url: URL, retry: {{attempts: 2, backoff: 20ms}}, breaker: off}}
models:
  m/small: {{provider: metered, {PRICED["small"]}}}
  m/large: {{provider: metered, {PRICED["large"]}}}
  m/odd: {{provider: metered, {PRICED["odd"]}}}
  m/broken: {{provider: metered, {PRICED["large"]}}}
  "busy-*": {{provider: metered, upstream_model: small, {PRICED["small"]}}}
  h/small: {{provider: hasty, {PRICED["small"]}}}
  s/large: {{provider: stubborn, {PRICED["large"]}}}
  chain: {{fallback: [m/broken, m/large]}}
  hedged: {{fallback: [h/small, m/large], hedge: {{after: 100ms}}}}
organizations:
  acme:
    limits: [{{usd: 20.000000007, per: total}}, {{tokens: 2550000, per: total}}]
    teams:
      research:
        limits: [{{usd: 14.600000003, per: total}}, {{usd: 14.100000009, per: total, models: [m/large, s/large]}}]
        each_key: [{{usd: 3.7, per: total}}]
        each_user: [{{usd: 0.6, per: total}}, {{requests: 170, per: total}}]
        teams:
          vision: {{limits: [{{tokens: 400000, per: total}}, {{requests: 1150, per: total}}]}}
          speech: {{weight: 3, limits: [{{usd: 3.1, per: total}}]}}
      sales: {{limits: [{{usd: 5.2, per: total}}, {{concurrent: 300, wait: 5s}}]}}
"""
TEAMS = ["acme/research", "acme/research/vision", "acme/research/speech", "acme/sales"]


@dataclass
class Job:
    """One request: who asks for what, what the provider is to make of it, and when the client leaves."""

    tag: str
    key: str
    model: str
    order: dict[str, Any]
    fields: dict[str, Any]
    leaves_after: float | int | None
    reply: LoadReply | None = None


def jobs(dice: random.Random, keys: list[str]) -> list[Job]:
    return [job(dice, f"load-{number}", dice.choice(keys)) for number in range(REQUESTS)]


def job(dice: random.Random, tag: str, key: str) -> Job:
    fields: dict[str, Any] = {"user": f"user-{dice.randrange(USERS)}", "stream": dice.random() < 0.4}
    if dice.random() < 0.9:
        fields["max_tokens"] = dice.choice([16, 100, 700, dice.randrange(1, 3000)])
    if fields["stream"]:
        fields["stream_options"] = {"include_usage": True}
    elif dice.random() < 0.05:
        fields["n"] = 2
    given = dice.randrange(1, 60)
    order = {"tag": tag, "do": "answer", "input": given, "cached": dice.randrange(given + 1), "share": dice.choice([0.1, 0.5, dice.random(), 1]), "most": 3000, "batch": dice.choice([10, 30, 60])}
    # Ten times as fast as models are.
    order["pause"] = order["batch"] / 6000
    model = dice.choices(["m/small", "m/large", "m/odd", "h/small", "s/large", "chain", "hedged", "fail", "busy", "silent", "cut"], [15, 20, 10, 10, 10, 8, 4, 8, 4, 1, 10])[0]
    if model in ("fail", "busy", "silent", "cut"):
        order["do"] = model
        model = {"fail": dice.choice(["m/small", "s/large"]), "busy": f"busy-{dice.randrange(400)}", "silent": dice.choice(["h/small", "hedged"]), "cut": "m/large"}[model]
    leaves_after = None
    if dice.random() < 0.08:
        order["pause"] = 0.03
        leaves_after = dice.randrange(1, 4) if fields["stream"] else dice.random() * 0.08
    return Job(tag, key, model, order, fields, leaves_after)


async def carry_out(job: Job, connection: Connection) -> None:
    """Asks, and leaves in the middle if the job says so: after some seconds, or after some pieces of a stream."""
    pieces = job.leaves_after if isinstance(job.leaves_after, int) else None
    seconds = job.leaves_after if isinstance(job.leaves_after, float) else 60
    asking = connection.ask(job.key, job.model, json.dumps(job.order), {"x-request-id": job.tag}, pieces, **job.fields)
    try:
        job.reply = await asyncio.wait_for(asking, seconds)
    except TimeoutError:
        assert job.leaves_after is not None, f"{job.tag} got no answer within {seconds} s"
        connection.hang_up()


class Watch:
    """Reads every limit again and again while the load is on, from the admin listener and by the command line."""

    def __init__(self, gateway: Gateway):
        self.gateway, self.samples, self.wrong = gateway, 0, []
        self.admin_key = (gateway.site.state / "admin-key").read_text().strip()

    async def run(self) -> None:
        port = int(self.gateway.site.environment["PURSER_ADMIN"].rpartition(":")[2])
        connection = Connection("localhost", port, self.gateway.site.trust())
        while True:
            for _ in range(10):
                await connection.send("GET", "/admin/v1/budgets", self.admin_key)
                self.wrong += self.exceeded((await connection.receive()).json()["data"])
                await asyncio.sleep(0.05)
            # The command reads the journal of one loop after the other: what one has given back and another taken meanwhile shows twice, once.
            if await self.by_command():
                self.wrong += await self.by_command()

    async def by_command(self) -> list[dict[str, Any]]:
        told = await asyncio.to_thread(self.gateway.site.run, "budgets", "--format", "json", check=True)
        return self.exceeded(json.loads(told.stdout))

    def exceeded(self, limits: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The limits that are exceeded by what is spent and held."""
        self.samples += 1
        amounts = [(limit, *(Decimal(limit[name]) for name in ("spent", "held", "limit"))) for limit in limits]
        return [limit for limit, spent, held, allowed in amounts if spent + held > allowed or held < 0 or spent < 0]


class Books:
    """The ledger's records, read once the load is over."""

    def __init__(self, site: Site):
        self.records = site.records()
        self.by_request: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for record in self.records:
            self.by_request[record["request_id"]].append(record)

    def counted(self, limit: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
        """The calls that count in a limit."""

        def counts(record: dict[str, Any]) -> bool:
            within = f"{record['team']}/".startswith(f"{limit['scope']}/")
            ours = limit["key"] in (None, record["key_id"]) and limit["user"] in (None, record["user"])
            return within and ours and (limit["models"] is None or record["model"] in limit["models"])

        return [record for record in self.records if counts(record) and all(record[name] == value for name, value in fields.items())]

    @staticmethod
    def amount(limit: dict[str, Any], records: list[dict[str, Any]]) -> Decimal:
        """What calls come to, in the unit of the limit."""
        if limit["kind"] == "usd":
            return sum((Decimal(record["cost_usd"]) + Decimal(record["in_doubt_usd"]) for record in records), Decimal(0))
        if limit["kind"] == "tokens":
            return Decimal(sum(record["input_tokens"] + record["output_tokens"] + record["in_doubt_tokens"] for record in records))
        return Decimal(len({record["request_id"] for record in records}))


def test_ten_thousand_requests_overspend_nothing(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], metered: MeteredProvider) -> None:
    seed = random.randrange(1 << 30)
    gateway = own_gateway(new_site(POLICY.replace("URL", metered.url)))
    work = jobs(random.Random(seed), [gateway.site.new_key(team) for team in TEAMS + TEAMS[:1]])
    watch = Watch(gateway)
    carry_out_all(gateway, work, watch)
    try:
        states = settled_limits(gateway)
        assert watch.samples > 20 and not watch.wrong, f"{len(watch.wrong)} of {watch.samples} samples: {watch.wrong[:3]}"
        books = Books(gateway.site)
        assert_the_limits_hold(states, books)
        assert_the_provider_agrees(books, metered)
        for job in work:
            assert_the_answer_agrees(job, books)
        assert_much_happened(work, states, books)
        assert gateway.site.run("ledger", "verify").returncode == 0
        assert "hold was not ended" not in gateway.log()
    except AssertionError as failure:
        raise AssertionError(f"seed {seed}: {failure}") from failure


def carry_out_all(gateway: Gateway, work: list[Job], watch: Watch) -> None:
    waiting = iter(work)

    async def client(connection: Connection, number: int) -> None:
        for job in waiting:
            await carry_out(job, connection)

    run_clients(gateway, CLIENTS, client, watch.run)


def settled_limits(gateway: Gateway) -> list[dict[str, Any]]:
    """How every limit stands when all requests have ended: those whose client left a moment later."""
    deadline = time.monotonic() + 60
    while True:
        states = json.loads(gateway.site.run("budgets", "--format", "json", check=True).stdout)
        if not any(Decimal(state["held"]) for state in states):
            return states
        assert time.monotonic() < deadline, f"still held: {[state for state in states if Decimal(state['held'])]}"
        time.sleep(0.1)


def assert_the_limits_hold(states: list[dict[str, Any]], books: Books) -> None:
    for state in states:
        if state["kind"] == "concurrent":
            continue
        spent, limit = Decimal(state["spent"]), Decimal(state["limit"])
        assert spent <= limit, state
        assert Books.amount(state, books.counted(state, estimated=False)) <= limit, state
        # Requests that made no call because of a limit have no record and do not count.
        assert spent == Books.amount(state, books.counted(state)), state


def assert_the_provider_agrees(books: Books, metered: MeteredProvider) -> None:
    """Every call that was charged by a report is charged as the provider reported it, to the nano-dollar."""
    for record in books.records:
        if record["status"] != "ok":
            continue
        name = "small" if record["model"].startswith("busy-") else record["model"].partition("/")[2]
        reported = metered.reported[record["request_id"], name]
        assert not record["estimated"] and Usage.of(record) in reported, (record, reported)
        assert Decimal(record["cost_usd"]) == Usage.of(record).cost(*PRICES[name]), record


def assert_the_answer_agrees(job: Job, books: Books) -> None:
    """A whole answer tells the cost that is in the ledger; and what was refused, or left, has no call that is said to be fine."""
    if job.reply is None or not job.reply.whole or job.reply.status != 200:
        return
    records = books.by_request[job.tag]
    answered = [record for record in records if record["status"] in ("ok", "cut") and record["error_code"] != "lost_race"]
    assert len(answered) == 1, (job, records)
    assert job.reply.usage is not None and Decimal(job.reply.usage["cost"]) == Decimal(answered[0]["cost_usd"]), (job, records)
    if "x-purser-cost-usd" in job.reply.headers:
        assert Decimal(job.reply.headers["x-purser-cost-usd"]) == sum(Decimal(record["cost_usd"]) for record in records), (job, records)


def assert_much_happened(work: list[Job], states: list[dict[str, Any]], books: Books) -> None:
    """The test is worth its name: most were served, all kinds of ends came up, and limits bound in several places."""
    ends = Counter((job.reply.status, job.reply.code if job.reply.status != 200 else None) for job in work if job.reply)
    assert set(ends) <= {(200, None), (402, "budget_exceeded"), (429, "rate_limit_exceeded"), (502, "upstream_error"), (504, "upstream_timeout")}, ends
    assert ends[200, None] > REQUESTS / 3 and ends[402, "budget_exceeded"] > 300, ends
    kinds = Counter(record["status"] for record in books.records)
    assert min(kinds[status] for status in ("ok", "error", "cut", "canceled", "timeout")) >= 10, kinds
    tight = {(state["scope"], state["key"] is None, state["user"] is None, state["kind"]) for state in states if Decimal(state["spent"]) > Decimal("0.98") * Decimal(state["limit"])}
    assert len(tight) >= 5, tight


def test_a_budget_for_a_thousand_serves_a_thousand(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], metered: MeteredProvider) -> None:
    """200 clients at once, each asking for ten times what it uses: nobody is starved by what others only hold, and then it is over."""
    cost, limit = Decimal("0.001053"), Decimal("1.053")
    gateway = own_gateway(new_site(POLICY.replace("URL", metered.url).replace("usd: 20.000000007", f"usd: {limit}")))
    key, replies = gateway.site.new_key("acme/sales"), []

    async def client(connection: Connection, number: int) -> None:
        for turn in range(6):
            order = {"tag": f"fair-{number}-{turn}", "do": "answer", "input": 1, "cached": 0, "output": 70, "most": 700, "pause": 0.02}
            replies.append(await connection.ask(key, "m/large", json.dumps(order), max_tokens=700))

    run_clients(gateway, 200, client)
    served = [reply for reply in replies if reply.status == 200]
    refused = [reply for reply in replies if reply.status != 200]
    assert 990 <= len(served) <= 1000, Counter(reply.status for reply in replies)
    assert {(reply.status, reply.code) for reply in refused} == {(402, "budget_exceeded")}
    assert all("acme has a limit" in reply.json()["error"]["message"] and reply.headers["x-should-retry"] == "false" for reply in refused)
    (state,) = [state for state in settled_limits(gateway) if state["scope"] == "acme" and state["kind"] == "usd"]
    costs = [Decimal(record["cost_usd"]) for record in gateway.site.records(status="ok")]
    assert len(costs) == len(served) and sum(costs) == Decimal(state["spent"]) <= limit
    assert costs.count(cost) >= 985, "answers were cut short"


@pytest.mark.parametrize("batch", [50, 1500])
def test_streams_in_bursts_overspend_nothing(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], metered: MeteredProvider, batch: int) -> None:
    """30 streams at once that come in a few large pieces, as fast as they can: what a provider sends before it can be counted is set aside as well."""
    limit = Decimal("0.3")
    gateway = own_gateway(new_site(POLICY.replace("URL", metered.url).replace("usd: 20.000000007", f"usd: {limit}")))
    key, replies = gateway.site.new_key("acme/sales"), []

    async def client(connection: Connection, number: int) -> None:
        order = {"tag": f"burst-{number}", "do": "answer", "input": 1, "cached": 0, "output": 3000, "batch": batch}
        replies.append(await connection.ask(key, "m/large", json.dumps(order), stream=True, max_tokens=3000))

    run_clients(gateway, 30, client)
    ends = Counter((reply.status, reply.code if reply.status != 200 else None) for reply in replies)
    assert set(ends) == {(200, None), (402, "budget_exceeded")} and ends[200, None] >= 6, ends
    assert all(reply.whole for reply in replies if reply.status == 200)
    (state,) = [state for state in settled_limits(gateway) if state["scope"] == "acme" and state["kind"] == "usd"]
    costs = [Decimal(record["cost_usd"]) for record in gateway.site.records(status="ok")]
    assert len(costs) == ends[200, None] and limit * Decimal("0.9") <= sum(costs) == Decimal(state["spent"]) <= limit, (costs, state)
