"""The C helpers: where they are, how they are compiled, how they are run."""

import json
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "scripts" / "benchmark"
BUILD = ROOT / ".build-bench"

PROGRAMS = {
    "upstream": (["upstream.c", "provider_wire.c"], []),
    "loader": (["loader.c", "load.c", "connection.c", "reply.c", "process_tree.c", "first_answer.c"], ["-lssl", "-lcrypto"]),
}


class Failed(Exception):
    """Something could not be measured; the message says what and why."""


def compile_helpers():
    """Compiles what is older than its sources."""
    compiler = shutil.which("cc") or shutil.which("clang") or shutil.which("gcc")
    if not compiler:
        raise Failed("no C compiler: apt-get install gcc libssl-dev")
    BUILD.mkdir(exist_ok=True)
    newest = max(path.stat().st_mtime for path in SOURCES.glob("*.[ch]"))
    for name, (sources, libraries) in PROGRAMS.items():
        program = BUILD / name
        if program.exists() and program.stat().st_mtime > newest:
            continue
        command = [compiler, "-O2", "-Wall", "-Wextra", "-o", str(program)] + [str(SOURCES / s) for s in sources] + libraries
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"cannot compile {name} (libssl-dev installed?):\n{done.stderr}")


class Upstream:
    """The mock provider, pinned to the load's core."""

    def __init__(self, core):
        self.process = subprocess.Popen(["taskset", "-c", str(core), BUILD / "upstream", "--port", "0"],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        if len(line) != 2:
            raise Failed("the upstream did not start")
        self.port = int(line[1])

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Loader:
    """Runs the loader on the load's core and returns what it reports."""

    def __init__(self, core, ca):
        self.core, self.ca = core, ca

    def run(self, url, *, key=None, program=None, directory=None, **options):
        """Options are the loader's own, with _ for -, those without a value with None. Raises Failed when an answer was wrong."""
        limits = {"open_limit": 30, "warmup": 1, "seconds": 4} | options
        command = ["taskset", "-c", str(self.core), BUILD / "loader", "--url", url, "--ca", str(self.ca)]
        command += ["--key", key] if key else []
        command += ["--" + name.replace("_", "-") + ("" if value is None else f"={value}") for name, value in limits.items()]
        command += ["--"] + program if program else []
        bound = 15 + sum(float(limits[name]) for name in ("open_limit", "warmup", "seconds"))
        try:
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=bound, cwd=directory)
        except subprocess.TimeoutExpired:
            raise Failed(f"the loader took longer than {bound:.0f} s") from None
        if not done.stdout:
            raise Failed(f"the loader failed: {done.stderr.strip()}")
        report = json.loads(done.stdout)
        if done.returncode:
            count = report.get("failures")
            said = report["first_failure"] or f"{report.get('stalled', 0)} streams stalled"
            raise Failed((f"{count} failures, the first: " if count else "") + said.split("\r\n")[0])
        return report
