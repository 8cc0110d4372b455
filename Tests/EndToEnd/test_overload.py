"""More requests at once than the gateway takes: a quick and honest refusal, and health that always answers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from support.gateway import Gateway


def test_what_is_too_much_is_refused_at_once(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(PURSER_MAX_REQUESTS="3")
    with ThreadPoolExecutor(9) as pool:
        busy = [pool.submit(gateway.http.chat, "scripted/slow-plain") for _ in range(8)]
        assert gateway.anonymous.get("/healthz").status == 200
        replies = [one.result() for one in busy]
    statuses = [reply.status for reply in replies]
    assert statuses.count(200) == 3 and statuses.count(503) == 5
    refused = next(reply for reply in replies if reply.status == 503)
    assert refused.code == "overloaded" and "--max-requests" in refused.error["message"] and refused.headers["retry-after"] == "1"
    assert gateway.http.chat("scripted/echo").status == 200
