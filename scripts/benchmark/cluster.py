"""Several gateways on one PostgreSQL under load: what they serve, and how often they ask the database."""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .gateways import PURSER_POLICIES, Purser, Running
from .programs import ROOT, Failed

sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))
from support.postgres import PASSWORD, PostgreSQL, programs  # noqa: E402

#: Every request is bound by seven limits that all gateways share, of every kind; none is ever reached.
SHARED_POLICIES = PURSER_POLICIES.replace("""  bench:
    teams:
      load:
""", """  bench:
    limits: [{{usd: 1000000, per: month}}]
    teams:
      load:
        limits: [{{usd: 500000, per: day}}, {{tokens: 1000000000000, per: day}}, {{requests: 100000000, per: minute}}, {{concurrent: 100000}}]
        each_key: [{{usd: 400000, per: day}}, {{concurrent: 50000}}]
""")

#: Name → what it is for people, and how the loader makes it.
LOADS = {
    "paced": ("streams of some 8 ms, 16 at a time each", {"connections": 16, "stream": "chunks=1,size=200,interval_us=8000"}),
    "flood": ("as fast as they go, 32 at a time each", {"connections": 32}),
}


class SharedPurser(Purser):
    """One gateway of several: a directory, a port and a state of its own, the ledger of all."""

    policies = SHARED_POLICIES

    def __init__(self, name, store, key, *place):
        self.name, self.store, self.shared_key = name, store, key
        super().__init__(*place)

    def prepare(self):
        (self.work / "policies").mkdir()
        (self.work / "policies" / "bench.yaml").write_text(self.policies.format(upstream=self.upstream_port))
        self.key = self.shared_key or self.new_key()

    def new_key(self):
        done = self.command("keys", "create", "--team", "bench/load", "--state", str(self.work / "state"), "--store", self.store)
        if done.returncode:
            raise Failed(f"purser keys create: {done.stderr.strip()}")
        return done.stdout.strip()

    def fresh(self):
        return [str(self.program), "serve", "--policies", str(self.work / "policies"), "--certs", str(self.certs),
                "--state", str(self.work / "state"), "--store", self.store, "--listen", f"127.0.0.1:{self.port}", "--admin", "off",
                "--loops", "1", "--log-level", "warning"]


class Database:
    """A database of its own for one run, and what the gateways have said to it."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        server.query(f"CREATE DATABASE {name} OWNER gateway")
        self.url = f"postgres://gateway:{PASSWORD}@127.0.0.1:{server.port}/{name}"

    def number(self, sql):
        return int(self.server.query(sql, self.name)[0])

    def statements(self):
        """Round trips so far: a statement is one, COPY is two."""
        return int(self.server.query(f"""SELECT coalesce(sum(calls * CASE WHEN query LIKE 'COPY%' THEN 2 ELSE 1 END), 0)::bigint
            FROM pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid WHERE d.datname = '{self.name}' AND userid = 'gateway'::regrole""")[0])

    def transactions(self):
        return self.number(f"SELECT xact_commit FROM pg_stat_database WHERE datname = '{self.name}'")

    def records(self):
        return self.number("SELECT count(*) FROM purser.usage_record")


@contextmanager
def postgresql():
    """A server with fsync that counts statements."""
    if programs() is None:
        raise Failed("PostgreSQL is missing: scripts/setup --for test installs it")
    with tempfile.TemporaryDirectory(prefix="purser-bench-") as home:
        Path(home).chmod(0o755)
        server = PostgreSQL(Path(home) / "server", "-c shared_preload_libraries=pg_stat_statements")
        try:
            server.query("CREATE EXTENSION pg_stat_statements")
            server.query(f"CREATE ROLE gateway LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            server.stop()


@dataclass
class Figures:
    """One load on a number of gateways."""
    requests_per_second: float
    cpu_us: float                   # of the gateways, per request
    p50_ms: float
    p99_ms: float
    round_trips: float              # per request
    transactions: float             # per request


def measure(bench, server, count, label, place, seconds):
    """{load: Figures} of `count` gateways in a database of their own."""
    database = Database(server, f"run_{label}")
    work, *rest = place
    with ExitStack() as stack:
        members, key = [], None
        for number in range(count):
            gateway = SharedPurser(f"{label}-{number}", database.url, key, work, *rest)
            key = gateway.key
            members.append(stack.enter_context(Running(gateway, bench.loader)))
        pool = stack.enter_context(ThreadPoolExecutor(count))

        def load(length, options):
            return list(pool.map(lambda member: member.load(seconds=length, warmup=0, **options), members))

        return {name: run(database, load, options, seconds) for name, (_, options) in LOADS.items()}


def run(database, load, options, seconds):
    load(1, options)
    settle(database)
    before = database.statements(), database.transactions(), database.records()
    reports = load(seconds, options)
    served = sum(report["requests"] for report in reports)
    settle(database)
    round_trips, transactions, records = (now - then for now, then in zip(
        (database.statements(), database.transactions(), database.records()), before))
    if records < served:
        raise Failed(f"{served} requests were answered, and {records} records came")
    return Figures(
        sum(report["requests_per_second"] for report in reports), 1e6 * sum(report["cpu_seconds"] for report in reports) / served,
        max(report["latency"]["p50"] for report in reports) / 1e3, max(report["latency"]["p99"] for report in reports) / 1e3,
        round_trips / records, transactions / records)


def settle(database, limit=60):
    """Waits until all records have come. The server's own counts are up to a second old."""
    deadline, known = time.monotonic() + limit, -1
    while (found := database.records()) != known:
        if time.monotonic() > deadline:
            raise Failed("records still come a minute after the load")
        known = found
        time.sleep(1.2)
