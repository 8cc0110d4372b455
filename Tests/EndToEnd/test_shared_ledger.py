"""Several gateways on one PostgreSQL: keys and usage are one, nothing is lost when one of them or PostgreSQL fails."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.gateway import Gateway, Site
from support.postgres import PASSWORD, PostgreSQL, programs

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


def eventually(condition: Callable[[], object], seconds: float = 10) -> bool:
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
    for command in (["serve"], ["keys", "list"], ["usage"], ["ledger", "verify"]):
        done = sites[0].run(*command)
        assert done.returncode == 3 and "schema version 99" in done.stderr, command
