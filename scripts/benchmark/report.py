"""Rounds → medians → a Markdown table and docs/benchmarks.md."""

import datetime
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from statistics import median

from .programs import ROOT, Failed

DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- table -->", "<!-- /table -->"


@dataclass(frozen=True)
class Row:
    """One line of the table. Targets are ratios to nginx, or the value itself when `absolute`."""
    cell: str
    metric: str
    title: str
    digits: int = 0
    target: float | None = None
    stretch: float | None = None
    more_is_better: bool = False
    absolute: bool = False
    minus_direct: bool = False         # the same figure without a gateway is subtracted, round by round

    def met(self, value, goal):
        return value >= goal if self.more_is_better else value <= goal

    def goal(self, goal):
        if goal is None:
            return ""
        return f"{'≥' if self.more_is_better else '≤'} {goal:g}{'' if self.absolute else ' ×'}"


ROWS = [
    Row("throughput", "requests_per_cpu_second", "requests per CPU-second", 0, 0.50, 0.65, more_is_better=True),
    Row("body64k", "body64k_cpu_us", "CPU per 64 kB request, µs", 0, 3, 2.2),
    Row("rate", "rate_p50_us", "added p50 at 1,000/s, µs", 0, 1.5, 1.25, minus_direct=True),
    Row("rate", "rate_p99_us", "added p99 at 1,000/s, µs", 0, minus_direct=True),
    Row("rate", "rate_cpu_us", "CPU per request at 1,000/s, µs", 0, 1.6, 1.4),
    Row("first-token", "token_p50_us", "added time to first token, p50, µs", 0, 2, 1.5, minus_direct=True),
    Row("first-token", "token_p99_us", "added time to first token, p99, µs", 0, minus_direct=True),
    Row("stream", "chunks_per_cpu_second", "stream chunks per CPU-second", 0, 0.7, 1.0, more_is_better=True),
    Row("memory", "held_kib", "KiB per held stream (1,000)", 1, 56, 40, absolute=True),
    Row("held", "many_held", "streams held without error", 0, 5000, None, more_is_better=True, absolute=True),
    Row("held", "many_held_kib", "KiB per held stream (all of these)", 1),
    Row("memory", "rest_mib", "MiB at rest", 1, 25, 15, absolute=True),
    Row("startup", "startup_s", "exec → first 200, s", 3, 0.1, 0.06, absolute=True),
    Row("throughput", "requests_per_second", "requests per second at saturation", 0),
    Row("rate", "rate_p50_us", "p50 at 1,000/s through the gateway, µs", 0),
    Row("rate", "rate_p99_us", "p99 at 1,000/s through the gateway, µs", 0),
    Row("first-token", "token_p50_us", "first token p50 through the gateway, µs", 0),
    Row("stream", "chunks_per_second", "stream chunks per second (paced, for comparison)", 0),
]


class Results:
    """values[(gateway, metric)] is a list with one entry per round; failures[(gateway, cell)] the first message."""

    def __init__(self):
        self.rounds, self.failures = [], {}

    def begin_round(self):
        self.rounds.append({})

    def add(self, gateway, metrics):
        self.rounds[-1].setdefault(gateway, {}).update(metrics)

    def fail(self, gateway, cell, message):
        self.failures.setdefault((gateway, cell), message)

    def series(self, gateway, row):
        """One value per round, None where the round has none."""
        values = []
        for facts in self.rounds:
            value, direct = facts.get(gateway, {}).get(row.metric), facts.get("direct", {}).get(row.metric)
            if row.minus_direct and value is not None:
                value = value - direct if direct is not None else None
            values.append(value)
        return values


def number(value, digits):
    return f"{value:,.{digits}f}"


def value_cell(results, gateway, row):
    if (gateway, row.cell) in results.failures:
        return "failed"
    values = [v for v in results.series(gateway, row) if v is not None]
    return number(median(values), row.digits) if values else "–"


def ratios(results, gateway, row):
    """Round by round, because neighbours in time share their noise; the median of these is steadier than a ratio of medians."""
    if (gateway, row.cell) in results.failures or ("nginx", row.cell) in results.failures:
        return []
    pairs = zip(results.series(gateway, row), results.series("nginx", row))
    return [value / base for value, base in pairs if value is not None and base is not None and base > 0]


def goal_cell(results, gateway, row, found):
    if row.target is None:
        return ""
    if (gateway, row.cell) in results.failures:
        return "no"
    values = [v for v in results.series(gateway, row) if v is not None] if row.absolute else found
    if not values:
        return "–"
    reached = median(values)
    if row.stretch is not None and row.met(reached, row.stretch):
        return "stretch"
    return "yes" if row.met(reached, row.target) else "no"


def table(results, gateways, cells):
    others = [g for g in gateways if g != "nginx"]
    head = ["measure", *gateways]
    for g in others:
        head += [f"{g} × nginx (range)", "target", "stretch", "met"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * len(gateways) + "---|---|---|---|" * len(others)]
    for row in ROWS:
        if row.cell not in cells:
            continue
        columns = [row.title] + [value_cell(results, g, row) for g in gateways]
        for g in others:
            found = ratios(results, g, row)
            spread = f"{median(found):.2f} ({min(found):.2f}–{max(found):.2f})" if found else "–"
            columns += [spread, row.goal(row.target), row.goal(row.stretch), goal_cell(results, g, row, found)]
        lines.append("| " + " | ".join(columns) + " |")
    return "\n".join(lines)


def direct_facts(results):
    named = {"rate_p50_us": "p50 at 1,000/s", "rate_p99_us": "p99 at 1,000/s", "token_p50_us": "first token p50", "token_p99_us": "first token p99"}
    found = []
    for metric, name in named.items():
        values = [r["direct"][metric] for r in results.rounds if metric in r.get("direct", {})]
        if values:
            found.append(f"{name} {median(values):,.0f} µs")
    return f"Without a gateway (what is subtracted for «added»): {', '.join(found)}." if found else ""


def failures(results):
    return "\n".join(f"- failed: {cell}, {gateway}: {message}" for (gateway, cell), message in results.failures.items())


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return re.search(r"model name\s*:\s*(.+)", file.read()).group(1)
    except (OSError, AttributeError):
        return platform.machine()


def machine_facts(command, versions, rounds, load_average, stolen):
    distribution = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux") if os.path.exists("/etc/os-release") else "Linux"
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout.split(" (")[0].strip()
    return "\n".join([
        f"- `{command}`, {datetime.date.today().isoformat()}, {rounds} round{'s' if rounds != 1 else ''}",
        f"- {processor()}, {len(os.sched_getaffinity(0))} cores, {distribution}, Linux {platform.release().split('-')[0]}",
        f"- {', '.join(versions)}, {openssl}",
        f"- load average before the run {load_average:.2f}; CPU time stolen by other guests during it {stolen:.1%}",
    ])


def write_document(text):
    if not DOCUMENT.exists():
        raise Failed(f"{DOCUMENT.relative_to(ROOT)} is missing")
    before, begin, rest = DOCUMENT.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Failed(f"{DOCUMENT.relative_to(ROOT)} has lost its markers {BEGIN} … {END}")
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
