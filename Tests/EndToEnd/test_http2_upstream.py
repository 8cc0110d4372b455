"""Providers over TLS: the certificate is always checked, a CA of one's own can be named, HTTP/2 is spoken where it is offered."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.gateway import Gateway, Site, free_port

PROVIDER = Path(__file__).with_name("providers") / "http2_provider.py"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    port = free_port()
    home = tmp_path_factory.mktemp("http2")
    url = f"https://localhost:{port}/v1"
    site = Site(
        home / "site",
        f"""
providers:
  modern: {{kind: openai, base_url: {url}, ca_file: {home}/site/certs/ca.pem}}
  old: {{kind: openai, base_url: {url}, ca_file: {home}/site/certs/ca.pem, http2: false}}
  distrusted: {{kind: openai, base_url: {url}}}
models:
  modern/m: {{provider: modern, price: {{input: 1, output: 2}}}}
  old/m: {{provider: old, price: {{input: 1, output: 2}}}}
  distrusted/m: {{provider: distrusted, price: {{input: 1, output: 2}}}}
organizations: {{acme: {{teams: {{research: {{}}}}}}}}
""",
    )
    provider = subprocess.Popen([sys.executable, PROVIDER, str(port), site.certs / "server.pem", site.certs / "server.key"])
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert provider.poll() is None and time.monotonic() < deadline, "the provider did not start"
                time.sleep(0.05)
        running = Gateway(site)
        yield running
        running.stop()
    finally:
        provider.kill()
        provider.wait()


def test_http2_is_spoken_where_it_is_offered(gateway: Gateway) -> None:
    reply = gateway.http.chat("modern/m")
    assert (reply.status, reply.text) == (200, "HTTP/2")
    assert gateway.http.chat("old/m").text == "HTTP/1.1"


def test_an_unknown_ca_is_not_trusted(gateway: Gateway) -> None:
    reply = gateway.http.chat("distrusted/m")
    assert (reply.status, reply.code) == (502, "upstream_error")
    assert gateway.site.record(reply)["cost_usd"] == "0"


def test_many_streams_at_once_arrive_whole(gateway: Gateway) -> None:
    with ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda _: gateway.client(gateway.key).chat("modern/m", stream=True), range(300)))
    expected = "".join(f"{index} " for index in range(200))
    for reply in replies:
        assert reply.status == 200 and reply.text == expected
    assert len(gateway.site.records(stream=True, output_tokens=400, status="ok")) == len(replies)
