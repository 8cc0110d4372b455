"""What is measured: one function per cell. Each takes a bench and a gateway and returns {metric: value} for one round."""

import time
from dataclasses import dataclass

from .gateways import Gateway, Running
from .programs import Failed, Loader, Upstream

RATE = 1000                # requests per second of the fixed-rate cell: about 3 % of what nginx can do
TOKEN_RATE = 200           # streams per second of the first-token cell
SHORT_STREAM = "chunks=20,size=200,interval_us=1000"
LONG_STREAM = "chunks=200,size=200,interval_us=2000"     # 64 of them: 32,000 chunks per second, below saturation
HELD_STREAM = "chunks=100000,size=200,interval_us=1000000"


@dataclass
class Bench:
    upstream: Upstream
    loader: Loader
    seconds: float         # length of a timed window
    held: int              # streams of the large hold

    @property
    def direct_url(self):
        return f"http://127.0.0.1:{self.upstream.port}/v1/chat/completions"

    @property
    def window(self):
        return {"seconds": self.seconds, "warmup": min(1.0, self.seconds / 3)}


# — with a gateway that runs for the whole round —

def throughput(bench: Bench, running: Running):
    r = running.load(connections=64, body_bytes=388, **bench.window)
    return {"requests_per_cpu_second": r["requests"] / r["cpu_seconds"], "requests_per_second": r["requests_per_second"]}


def body64k(bench: Bench, running: Running):
    r = running.load(connections=64, body_bytes=65536, **bench.window)
    return {"body64k_cpu_us": 1e6 * r["cpu_seconds"] / r["requests"]}


def fixed_rate(bench: Bench, running: Running | None):
    options = {"mode": "open", "rate": RATE, "connections": 64, "body_bytes": 388} | bench.window
    r = running.load(**options) if running else bench.loader.run(bench.direct_url, **options)
    if r["backlog"] > RATE / 10:
        raise Failed(f"could not keep {RATE} requests/s: {r['backlog']} were due and not sent")
    cost = {"rate_cpu_us": 1e6 * r["cpu_seconds"] / r["requests"]} if running else {}
    return {"rate_p50_us": r["latency"]["p50"], "rate_p99_us": r["latency"]["p99"]} | cost


def first_token(bench: Bench, running: Running | None):
    options = {"mode": "open", "rate": TOKEN_RATE, "connections": 64, "stream": SHORT_STREAM} | bench.window
    r = running.load(**options) if running else bench.loader.run(bench.direct_url, **options)
    return {"token_p50_us": r["first_event"]["p50"], "token_p99_us": r["first_event"]["p99"]}


def stream(bench: Bench, running: Running):
    r = running.load(connections=64, stream=LONG_STREAM, **bench.window)
    return {"chunks_per_cpu_second": r["events"] / r["cpu_seconds"], "chunks_per_second": r["events_per_second"]}


# — with a process of their own, because memory and start-up depend on the past —

def startup(bench: Bench, gateway: Gateway):
    tries = [bench.loader.run(gateway.url, key=gateway.key, mode="first", cpu=gateway.core, log=gateway.log,
                              open_limit=15, warmup=0, seconds=0, program=gateway.fresh(), directory=gateway.work)["seconds"] for _ in range(3)]
    return {"startup_s": sorted(tries)[1]}


def hold(bench: Bench, gateway: Gateway, streams: int):
    with Running(gateway, bench.loader) as running:
        time.sleep(0.5)    # what the first request left undone (caches, logs) is finished
        r = running.load(mode="hold", connections=streams, stream=HELD_STREAM, seconds=2, warmup=0)
    if r["alive"] != streams:
        raise Failed(f"{streams - r['alive']} of {streams} streams were lost")
    return r, (r["rss_after_kib"] - r["rss_before_kib"]) / streams


def memory(bench: Bench, gateway: Gateway):
    r, per_stream = hold(bench, gateway, 1000)
    return {"rest_mib": r["rss_before_kib"] / 1024, "held_kib": per_stream}


def held(bench: Bench, gateway: Gateway):
    r, per_stream = hold(bench, gateway, bench.held)
    return {"many_held": r["alive"], "many_held_kib": per_stream}


ALONE = {"startup": startup, "memory": memory, "held": held}
LOADED = {"throughput": throughput, "body64k": body64k, "rate": fixed_rate, "first-token": first_token, "stream": stream}
DIRECT = {"rate": fixed_rate, "first-token": first_token}   # also measured without a gateway, to know what the gateway adds
ONCE = {"held"}                                             # yes or no, not a figure that needs a median
