"""Stopping, reloading and changing keys and certificates while clients are being served: nobody notices."""

from __future__ import annotations

import http.client
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.gateway import Gateway, Site
from support.http import read


class Load(threading.Thread):
    """Sends one request after another, each on a connection of its own, until told to stop."""

    def __init__(self, gateway: Gateway, model: str = "scripted/echo", stream: bool = False):
        super().__init__(daemon=True)
        self.gateway, self.model, self.stream = gateway, model, stream
        self.finished, self.problems = 0, []
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                reply = self.gateway.http.chat(self.model, "load", stream=self.stream)
                whole = not self.stream or reply.body.endswith(b"data: [DONE]\n\n")
                if reply.status == 200 and reply.complete and whole:
                    self.finished += 1
                else:
                    self.problems.append(repr(reply))
            except (OSError, http.client.HTTPException) as problem:
                self.problems.append(repr(problem))


@contextmanager
def load(gateway: Gateway, threads: int = 4) -> Iterator[list[Load]]:
    """Clients at work while the block runs; afterwards each has to have finished something without any problem."""
    clients = [Load(gateway, stream=number % 2 == 1) for number in range(threads)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.stopping.set()
        for client in clients:
            client.join(20)
    assert all(client.finished for client in clients)
    problems = [problem for client in clients for problem in client.problems]
    assert not problems, problems[:3]


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def test_sigterm_cuts_no_answer(own_gateway: Callable[..., Gateway]) -> None:
    """Streams and plain answers in flight finish; new connections are refused; exit status 0; every answer has its record."""
    gateway = own_gateway()
    streams = [gateway.http.open_stream("scripted/slow-stream") for _ in range(8)]
    replies, threads = [], []
    for _ in range(4):
        threads.append(threading.Thread(target=lambda: replies.append(gateway.http.chat("scripted/slow-plain"))))
        threads[-1].start()
    time.sleep(0.4)
    gateway.signal(signal.SIGTERM)
    time.sleep(0.3)
    with pytest.raises(OSError):
        gateway.http.get("/readyz", timeout=2)
    for connection, response in streams:
        replies.append(read(response))
        connection.close()
    for thread in threads:
        thread.join(20)
    assert len(replies) == 12 and all(reply.status == 200 and reply.complete for reply in replies)
    assert sum(reply.body.endswith(b"data: [DONE]\n\n") for reply in replies) == 8
    assert gateway.process.wait(10) == 0
    assert {reply.request_id for reply in replies} <= {record["request_id"] for record in gateway.site.records(status="ok")}


def test_sigterm_does_not_wait_for_idle_connections(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway()
    idle = gateway.http.connect()
    idle.request("GET", "/healthz")
    idle.getresponse().read()
    gateway.signal(signal.SIGTERM)
    assert gateway.process.wait(5) == 0
    idle.close()


def test_a_second_sigterm_ends_it_at_once(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway()
    gateway.expect_clean_exit = False
    connection, _ = gateway.http.open_stream("scripted/endless-stream")
    gateway.signal(signal.SIGTERM)
    time.sleep(0.5)
    assert gateway.process.poll() is None, "it did not wait for the stream"
    gateway.signal(signal.SIGTERM)
    gateway.process.wait(2)
    connection.close()


@pytest.mark.parametrize("by_signal", [False, True], ids=["by change", "by SIGHUP"])
def test_policy_reload_under_load(own_gateway: Callable[..., Gateway], by_signal: bool) -> None:
    gateway = own_gateway()
    site = gateway.site
    good = site.policy_file.read_text()

    def change(text: str) -> None:
        site.policy_file.write_text(text)
        if by_signal:
            gateway.signal(signal.SIGHUP)

    with load(gateway):
        assert gateway.http.chat("scripted/brand-new").status == 404
        change(good.replace("models:\n", "models:\n  scripted/brand-new: {provider: scripted, upstream_model: echo, price: {input: 1, output: 1}}\n", 1))
        wait_for(lambda: gateway.http.chat("scripted/brand-new").status == 200, "the new model is served")

        change(good.replace("kind: openai", "kind: opnai", 1))
        wait_for(lambda: "opnai" in gateway.why_not(), "the admin listener says what is wrong")
        ready = gateway.anonymous.get("/readyz")
        assert ready.status == 200 and ready.json()["policies"] == "refused" and b"opnai" not in ready.body
        assert gateway.http.chat("scripted/brand-new").status == 200, "the old policies are gone"
        assert "opnai" in gateway.log()

        change(good)
        wait_for(lambda: gateway.http.chat("scripted/brand-new").status == 404, "the good policies are back")
        assert "opnai" not in gateway.anonymous.get("/readyz").body.decode()


def test_a_request_in_flight_keeps_its_policies(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway()
    site = gateway.site
    connection, response = gateway.http.open_stream("scripted/slow-stream", stream_options={"include_usage": True})
    site.policy_file.write_text(site.policy_file.read_text().replace("output: 0.60", "output: 6000"))
    gateway.signal(signal.SIGHUP)
    reply = read(response)
    connection.close()
    assert reply.complete and reply.chunks()[-1]["usage"]["cost"] < 1


def served_certificate(gateway: Gateway) -> bytes:
    with gateway.http.socket() as connection:
        return connection.getpeercert(binary_form=True)


def test_certificate_swap_under_load(own_gateway: Callable[..., Gateway], tmp_path: Path) -> None:
    gateway = own_gateway()
    site = gateway.site
    first = served_certificate(gateway)
    with load(gateway):
        for _ in range(3):
            before = served_certificate(gateway)
            renew(site, tmp_path)
            wait_for(lambda: served_certificate(gateway) != before, "the new certificate is served")
        good = served_certificate(gateway)
        site.certs.joinpath("server.pem").write_text("-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n")
        wait_for(lambda: "refused" in gateway.log(), "the log says that the certificate is refused")
        assert served_certificate(gateway) == good != first


def renew(site: Site, scratch: Path) -> None:
    """Issues a new leaf from the site's own CA with openssl, and puts it into place as an operator would: by renaming."""
    key, request, leaf, extensions = (scratch / name for name in ("server.key", "server.csr", "server.pem", "extensions"))
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
    new_key = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run([*new_key, "-keyout", key, "-out", request], check=True, capture_output=True)
    sign = ["openssl", "x509", "-req", "-in", request, "-CA", site.certs / "ca.pem", "-CAkey", site.certs / "ca.key", "-days", "30", "-set_serial"]
    subprocess.run([*sign, str(time.time_ns()), "-extfile", extensions, "-out", leaf], check=True, capture_output=True)
    key.rename(site.certs / "server.key")
    leaf.rename(site.certs / "server.pem")


def test_keys_take_effect_at_once(gateway: Gateway, site: Site) -> None:
    key = site.new_key("acme/research", "--name", "short-lived")
    client = gateway.client(key)
    assert client.chat("scripted/echo").status == 200, "a new key does not work"
    key_id = next(line.split()[0] for line in site.run("keys", "list", check=True).stdout.splitlines() if "short-lived" in line)
    site.run("keys", "revoke", key_id, check=True)
    wait_for(lambda: client.chat("scripted/echo").status == 401, "a revoked key is refused", 1)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_versions(gateway: Gateway) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        client = gateway.client(gateway.key)
        client.tls.minimum_version = client.tls.maximum_version = version
        assert client.get("/healthz").status == 200
    client = gateway.client(gateway.key)
    client.tls.minimum_version, client.tls.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    client.tls.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        client.get("/healthz")
