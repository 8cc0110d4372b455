"""Fixtures. One gateway and one scripted provider serve the whole session; tests that stop or reload one start their own."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

import openai
import pytest

from support import answers, faults  # noqa: F401  (they register the behaviours)
from support.budgets import HOUSE, policy
from support.dialects import DIALECTS, Dialect
from support.dialects.provider import KEYS, DialectProvider, policies as dialect_policies
from support.gateway import BINARY, ROOT, Gateway, Site, free_port
from support.http import Client, Reply
from support.limits import POLICY
from support.metered import MeteredProvider
from support.policies import policies
from support.routing import policies as routing_policies
from support.scripted import ScriptedProvider


def pytest_configure() -> None:
    if not BINARY.exists():
        pytest.exit(f"{BINARY} does not exist: build it (swift build -c release) or name it in PURSER_BIN", 3)


@pytest.fixture(scope="session")
def provider() -> Iterator[ScriptedProvider]:
    scripted = ScriptedProvider()
    yield scripted
    scripted.stop()


@pytest.fixture(scope="session")
def unreachable_port() -> Iterator[int]:
    """A port where connecting takes forever: its queue of waiting connections is full and nobody accepts."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        waiting.append(filler)
    yield listener.getsockname()[1]
    for filler in waiting:
        filler.close()
    listener.close()


@pytest.fixture(scope="session")
def local_model() -> Iterator[str]:
    """The base URL of the real local model, started as `scripts/run` starts it."""
    command = [sys.executable, str(ROOT / "scripts/local-model"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        ready, _, _ = select.select([process.stdout], [], [], 60)
        url = process.stdout.readline().strip() if ready else ""
        assert url.startswith("http://127.0.0.1:"), f"the local model did not start: {url!r}"
        yield url
        process.terminate()


@pytest.fixture(scope="session")
def policy_text(provider: ScriptedProvider, unreachable_port: int, local_model: str) -> str:
    return policies(provider.url, f"http://127.0.0.1:{free_port()}/v1", f"http://127.0.0.1:{unreachable_port}/v1", local_model)


@pytest.fixture
def new_site(tmp_path: Path, policy_text: str) -> Callable[..., Site]:
    """Makes a site of the test's own."""
    made = 0

    def make(text: str = policy_text) -> Site:
        nonlocal made
        made += 1
        return Site(tmp_path / f"site-{made}", text)

    return make


@pytest.fixture
def own_gateway(new_site: Callable[..., Site]) -> Iterator[Callable[..., Gateway]]:
    """Starts gateways of the test's own, and checks each when the test is over."""
    started: list[Gateway] = []

    def start(site: Site | None = None, **options: str) -> Gateway:
        started.append(Gateway(site or new_site(), **options))
        return started[-1]

    yield start
    for gateway in started:
        gateway.stop()


@pytest.fixture
def limited(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], provider: ScriptedProvider) -> Callable[..., Gateway]:
    """Starts gateways with limits on the team `acme/research` and on its organization."""

    def start(team: str = "models: ['*']", organization: str = "timezone: UTC", **environment: str) -> Gateway:
        return own_gateway(new_site(POLICY.format(url=provider.url, team=team, organization=organization)), **environment)

    return start


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, policy_text: str) -> Iterator[Gateway]:
    """The session's gateway. Treat it gently: it is everybody's."""
    running = Gateway(Site(tmp_path_factory.mktemp("purser") / "site", policy_text))
    yield running
    running.stop()


@pytest.fixture
def metered() -> Iterator[MeteredProvider]:
    """A provider that does what the prompt says and keeps its own account."""
    provider = MeteredProvider()
    yield provider
    provider.stop()


@pytest.fixture
def budgeted(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], metered: MeteredProvider) -> Callable[..., Gateway]:
    """Starts a gateway whose team has these limits, in front of `metered`."""

    def start(limits: str = HOUSE, **environment: str) -> Gateway:
        return own_gateway(new_site(policy(metered.url, limits)), **environment)

    return start


@pytest.fixture
def site(gateway: Gateway) -> Site:
    return gateway.site


@pytest.fixture
def http(gateway: Gateway) -> Client:
    return gateway.http


@pytest.fixture
def sdk(gateway: Gateway) -> Iterator[openai.OpenAI]:
    """OpenAI's own client, trusting our CA only, without retries so that each test sees each answer."""
    transport = openai.DefaultHttpxClient(verify=gateway.site.trust())
    with openai.OpenAI(api_key=gateway.key, base_url=f"{gateway.url}/v1", max_retries=0, http_client=transport) as client:
        yield client


# --- Providers of other dialects


@pytest.fixture(scope="session")
def dialects() -> Iterator[DialectProvider]:
    scripted = DialectProvider()
    yield scripted
    scripted.stop()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, dialects: DialectProvider, provider: ScriptedProvider) -> Iterator[Gateway]:
    """A gateway in front of a provider of every kind, and of one of OpenAI's to fall back to."""
    site = Site(tmp_path_factory.mktemp("house") / "site", dialect_policies(dialects.url, provider.url))
    site.environment |= KEYS
    site.secrets += KEYS.values()
    running = Gateway(site)
    yield running
    running.stop()


@pytest.fixture(params=DIALECTS.values(), ids=DIALECTS.keys())
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return request.param


@pytest.fixture
def chat(house: Gateway) -> Callable[..., Reply]:
    """A chat through `house`, with the assurance that the answer tells no secret and no word that was not meant for clients."""

    def ask(*arguments: Any, **fields: Any) -> Reply:
        reply = house.http.chat(*arguments, **fields)
        seen = reply.body + str(reply.headers).encode()
        for secret in [*KEYS.values(), faults.PRIVATE_TEXT]:
            assert secret.encode() not in seen, f"{secret[:12]}… reached the client"
        return reply

    return ask


# --- Virtual models


@pytest.fixture(scope="session")
def sick_port() -> int:
    """A port where nobody listens, until a test has somebody do it."""
    return free_port()


@pytest.fixture(scope="session")
def routed(tmp_path_factory: pytest.TempPathFactory, provider: ScriptedProvider, sick_port: int) -> Iterator[Gateway]:
    """A gateway with virtual models of every strategy."""
    text = routing_policies(provider.url, f"http://127.0.0.1:{sick_port}/v1")
    running = Gateway(Site(tmp_path_factory.mktemp("routed") / "site", text))
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def still_alive(request: pytest.FixtureRequest) -> Iterator[None]:
    """Blames a crash of the session's gateway on the test that caused it."""
    yield
    if "gateway" in request.fixturenames:
        running: Gateway = request.getfixturevalue("gateway")
        assert running.process.poll() is None, f"the gateway died ({running.process.returncode}):\n{running.log()[-3000:]}"


os.environ.pop("OPENAI_API_KEY", None)
