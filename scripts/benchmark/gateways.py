"""The gateways under test: how each is configured and started for the same job, on the same core, with the same certificate."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from .programs import ROOT, Failed

NGINX_CONFIGURATION = """\
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {work}/nginx.pid;
events {{ worker_connections 12288; }}
http {{
    access_log off;
    client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
    client_body_buffer_size 128k; client_max_body_size 4m;
    keepalive_timeout 1h; keepalive_requests 1000000000;
    upstream provider {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {certs}/server.pem;
        ssl_certificate_key {certs}/server.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        location / {{
            proxy_pass http://provider;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 5m;
        }}
    }}
}}
"""

PURSER_POLICIES = """\
providers:
  mock: {{kind: openai, base_url: "http://127.0.0.1:{upstream}/v1", api_key: x, max_connections: 8192}}
models:
  bench/gpt:
    provider: mock
    upstream_model: gpt-4o-mini
    price: {{input: 0.15, cached_input: 0.075, output: 0.60}}
    context_window: 128000
    max_output_tokens: 16384
    aliases: [gpt-4o-mini]
organizations:
  bench:
    teams:
      load:
"""


#: The same job under four hard limits, one inside the other; none is ever reached.
LIMITED_POLICIES = PURSER_POLICIES.replace("""  bench:
    teams:
      load:
""", """  bench:
    limits: [{{usd: 1000000, per: month}}]
    teams:
      load:
        limits: [{{usd: 500000, per: day}}, {{tokens: 1000000000000, per: day}}]
        each_key: [{{usd: 400000, per: day}}]
""")

#: The same job through a virtual model that asks the classifier.
ROUTED_POLICIES = PURSER_POLICIES.replace("""    aliases: [gpt-4o-mini]
""", """  auto:
    aliases: [gpt-4o-mini]
    route:
      - {{when: {{task: code}}, use: bench/gpt}}
      - {{when: {{task: [math, analysis], complexity: high}}, use: bench/gpt}}
      - {{when: {{complexity: low}}, use: bench/gpt}}
      - {{use: bench/gpt}}
""")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificates(directory):
    """ca.pem, server.pem (chain), server.key: ECDSA P-256 for localhost, one pair for all gateways."""
    directory.mkdir(parents=True)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (directory / "leaf.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    for command in (
        ["req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=benchmark CA", "-days", "30"],
        ["req", *new_key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
         "-days", "30", "-extfile", "leaf.ext", "-out", "leaf.pem"],
    ):
        subprocess.run(["openssl", *command], cwd=directory, check=True, capture_output=True)
    (directory / "server.pem").write_text((directory / "leaf.pem").read_text() + (directory / "ca.pem").read_text())
    for name in ("ca.key", "ca.srl", "server.csr", "leaf.ext", "leaf.pem"):
        (directory / name).unlink(missing_ok=True)


class Gateway:
    """Subclasses say how to prepare and how to start. `fresh` returns a command whose process has no past."""

    name: str

    def __init__(self, work: Path, certs: Path, upstream_port: int, core: int):
        self.work, self.certs, self.upstream_port, self.core = work / self.name, certs, upstream_port, core
        self.port = free_port()
        self.url = f"https://localhost:{self.port}/v1/chat/completions"
        self.key = None
        self.work.mkdir(parents=True)
        self.prepare()

    @property
    def log(self):
        return self.work / "output.log"

    def prepare(self): ...
    def fresh(self) -> list[str]: raise NotImplementedError
    def version(self) -> str: raise NotImplementedError


class Nginx(Gateway):
    name = "nginx"
    program = shutil.which("nginx") or "/usr/sbin/nginx"

    def prepare(self):
        if not Path(self.program).exists():
            raise Failed("nginx is not installed: apt-get install nginx-light")
        (self.work / "nginx.conf").write_text(NGINX_CONFIGURATION.format(
            user="user root;" if os.geteuid() == 0 else "", files=16384, work=self.work, certs=self.certs,
            port=self.port, upstream=self.upstream_port))

    def fresh(self):
        return [self.program, "-p", str(self.work), "-c", str(self.work / "nginx.conf"), "-e", str(self.work / "error.log")]

    def version(self):
        return subprocess.run([self.program, "-v"], capture_output=True, text=True).stderr.strip().removeprefix("nginx version: ")


class Purser(Gateway):
    name = "purser"
    policies = PURSER_POLICIES
    program = ROOT / ".build" / "release" / "purser"

    def prepare(self):
        if not self.program.exists():
            raise Failed("no release binary: swift build -c release")
        (self.work / "policies").mkdir()
        (self.work / "policies" / "bench.yaml").write_text(self.policies.format(upstream=self.upstream_port))
        done = self.command("keys", "create", "--team", "bench/load", "--state", str(self.new_state))
        if done.returncode or not done.stdout.strip():
            raise Failed(f"purser keys create: {done.stderr.strip() or 'no key on stdout'}")
        self.key = done.stdout.strip()

    @property
    def new_state(self):
        return self.work / "state-new"

    def command(self, *words):
        # The working directory is the gateway's own, so that a path left at its default stays inside it too.
        return subprocess.run([str(self.program), *words], cwd=self.work, capture_output=True, text=True, timeout=60)

    def fresh(self):
        # A copy of the state as it was after the key was made: a ledger full of earlier rounds would be another test.
        state = self.work / "state"
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(self.new_state, state)
        return [str(self.program), "serve", "--policies", str(self.work / "policies"), "--certs", str(self.certs), "--state", str(state),
                "--store", f"sqlite:{state}/ledger.db", "--listen", f"127.0.0.1:{self.port}",
                "--loops", "1", "--log-level", "warning"]

    def version(self):
        return f"purser {self.command('--version').stdout.strip()}".strip()


class LimitedPurser(Purser):
    name = "purser-limits"
    policies = LIMITED_POLICIES


class RoutedPurser(Purser):
    name = "purser-auto"
    policies = ROUTED_POLICIES


GATEWAYS = {gateway.name: gateway for gateway in (Nginx, Purser, LimitedPurser, RoutedPurser)}
#: What is measured unless somebody asks for more.
USUAL = ["nginx", "purser"]


class Running:
    """A freshly started gateway that has answered its first request."""

    def __init__(self, gateway, loader, limit=15):
        self.gateway, self.loader = gateway, loader
        command = ["taskset", "-c", str(gateway.core), *gateway.fresh()]
        with open(gateway.log, "ab") as log:
            self.process = subprocess.Popen(command, cwd=gateway.work, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        give_up = time.monotonic() + limit
        while True:
            try:
                self.load(connections=1, requests=1, warmup=0, seconds=2, open_limit=2)
                return
            except Failed as failure:
                if self.process.poll() is None and time.monotonic() < give_up:
                    time.sleep(0.02)
                    continue
                self.stop()
                raise Failed(f"{gateway.name} does not answer: {failure} (see {gateway.log.relative_to(ROOT)})") from None

    def load(self, **options):
        return self.loader.run(self.gateway.url, key=self.gateway.key, account=self.process.pid, **options)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
