"""Policy files that are being written, moved, swapped or lost: nothing half-done takes effect, and nothing that is in use vanishes."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.gateway import Gateway, Site
from support.scripted import ScriptedProvider

FILE_KEY = "sk-purser-files-0123456789"
BASE = """providers:
  p: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}
models:
  echo: {{provider: p, price: {{input: 1, output: 1}}}}
  other: {{provider: p, upstream_model: echo, price: {{input: 1, output: 1}}}}
"""
ORGANIZATIONS = f"""organizations:
  acme:
    teams:
      research:
        models: [echo]
        keys: [{{name: ci, sha256: {hashlib.sha256(FILE_KEY.encode()).hexdigest()}}}]
      dev:
        models: [echo]
        limits: [{{requests: 1000, per: total}}]
"""


class Split:
    """A site whose organizations stand in a file of their own."""

    def __init__(self, site: Site, url: str):
        self.site, self.base, self.organizations = site, site.policy_file, site.policies / "organizations.yaml"
        self.base.write_text(BASE.format(url=url))
        self.organizations.write_text(ORGANIZATIONS)


@pytest.fixture
def split(new_site: Callable[..., Site], provider: ScriptedProvider) -> Split:
    return Split(new_site(), provider.url)


@pytest.fixture
def office(split: Split, own_gateway: Callable[..., Gateway]) -> Gateway:
    running = own_gateway(split.site, key=split.site.new_key("acme/dev"))
    assert running.client(FILE_KEY).chat("echo").status == 200
    return running


def guarded(office: Gateway, seconds: float) -> None:
    """For so long neither key may use what its team may not, and both may use what it may."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for key in (office.key, FILE_KEY):
            client = office.client(key)
            assert client.chat("other").status == 403
            assert client.chat("echo").status == 200
        time.sleep(0.02)


def refused(office: Gateway, word: str, seconds: float = 60) -> str:
    """Waits until the admin listener tells of a refused reload with this word."""
    deadline = time.monotonic() + seconds
    while word not in (why := office.why_not()):
        assert time.monotonic() < deadline, f"the admin listener says {why!r}"
        time.sleep(0.05)
    ready = office.anonymous.get("/readyz")
    assert ready.status == 200 and ready.json()["policies"] == "refused"
    assert "acme" not in ready.body.decode() and ".yaml" not in ready.body.decode() and word not in ready.body.decode()
    return why


def settled(office: Gateway, seconds: float = 6) -> None:
    deadline = time.monotonic() + seconds
    while why := office.why_not():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)
    assert office.anonymous.get("/readyz").json()["policies"] == "ok"


CUTS = {
    "empty": "",
    "a name": ORGANIZATIONS[: ORGANIZATIONS.index("dev:") + 4],
    "a name and a line break": ORGANIZATIONS[: ORGANIZATIONS.index("dev:") + 4] + "\n",
    "a list that begins": ORGANIZATIONS[: ORGANIZATIONS.index("limits:") + 7],
    "within a line": ORGANIZATIONS[: ORGANIZATIONS.index("per: total") + 2],
    "the first line": "organizations:\n",
    "a comment": "# organizations\n",
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_file_that_stays_half_written_changes_nothing(split: Split, office: Gateway, cut: str) -> None:
    split.organizations.write_text(CUTS[cut])
    guarded(office, 1.2)
    refused(office, "acme" if cut == "a comment" else "organizations.yaml", 8)
    guarded(office, 0.3)
    split.organizations.write_text(ORGANIZATIONS)
    settled(office)
    guarded(office, 0.3)


def test_a_file_that_is_written_slowly_is_taken_when_it_is_whole(split: Split, office: Gateway) -> None:
    new = ORGANIZATIONS + "      later: {}\n"
    with split.organizations.open("w") as file:
        for position in range(0, len(new), 16):
            file.write(new[position : position + 16])
            file.flush()
            guarded(office, 0.04)
    later = office.client(office.site.new_key("acme/later"))
    deadline = time.monotonic() + 60
    while later.chat("echo").status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_is_moved_away_for_a_while_stays_in_force(split: Split, office: Gateway) -> None:
    away = split.site.home / "organizations.away"
    split.organizations.rename(away)
    guarded(office, 1)
    refused(office, "every organization (acme)")
    away.rename(split.organizations)
    settled(office)
    folder = split.site.home / "policies.away"
    split.site.policies.rename(folder)
    guarded(office, 0.8)
    refused(office, "cannot read")
    folder.rename(split.site.policies)
    settled(office)
    # Both files: neither a provider nor a model nor an organization would be left.
    split.base.rename(split.site.home / "base.away")
    split.organizations.rename(away)
    guarded(office, 0.8)
    why = refused(office, "every provider")
    assert "every model" in why and "every organization" in why


@pytest.mark.parametrize("team", ["research", "dev"])
def test_the_team_of_a_key_in_use_goes_only_by_force(split: Split, office: Gateway, team: str) -> None:
    """`research` has a key in the file that was used a moment ago, `dev` one that was made on the command line."""
    lines, skipping = [], False
    for line in ORGANIZATIONS.splitlines():
        skipping = line == f"      {team}:" or (skipping and line.startswith("        "))
        lines += [] if skipping else [line]
    split.organizations.write_text("\n".join(lines) + "\n")
    assert f"acme/{team}" in refused(office, "the teams of keys in use")
    answer = office.admin().send("POST", "/admin/v1/reload")
    assert answer.status == 422 and f"acme/{team}" in answer.json()["errors"][0] and "--force" in answer.json()["errors"][0]
    done = office.site.run("reload")
    assert done.returncode == 1 and f"acme/{team}" in done.stderr
    guarded(office, 0.2)
    done = office.site.run("reload", "--force")
    assert done.returncode == 0 and '"reloaded":true' in done.stdout, done.stderr
    settled(office)
    assert office.client(FILE_KEY if team == "research" else office.key).chat("echo").status in (401, 403)
    assert office.client(office.key if team == "research" else FILE_KEY).chat("echo").status == 200


@pytest.mark.parametrize("how", [{"body": {"force": True}}, {"path": "?force=true"}])
def test_the_admin_listener_can_be_told_that_it_is_meant(split: Split, office: Gateway, how: dict) -> None:
    split.organizations.unlink()
    refused(office, "every organization")
    admin = office.admin()
    assert admin.send("POST", "/admin/v1/reload", {"force": False}).status == 422
    assert admin.send("POST", "/admin/v1/reload", {"force": "yes"}).status == 400
    assert admin.send("POST", "/admin/v1/reload", {"farce": True}).status == 400
    reply = admin.send("POST", "/admin/v1/reload" + how.get("path", ""), how.get("body"))
    assert reply.status == 200 and reply.json()["reloaded"] is True
    settled(office)
    assert office.client(FILE_KEY).chat("echo").status == 401


def test_a_revoked_key_holds_no_team(split: Split, office: Gateway) -> None:
    listed = office.site.run("keys", "list", check=True).stdout.split()
    office.site.run("keys", "revoke", next(word for word in listed if word.startswith("key_")), check=True)
    time.sleep(0.5)
    split.organizations.write_text(ORGANIZATIONS[: ORGANIZATIONS.index("      dev:")])
    deadline = time.monotonic() + 60
    while "acme/dev" in office.site.run("check", check=True).stdout or office.admin().get("/admin/v1/status").json()["policies_version"] < 2:
        assert time.monotonic() < deadline, office.why_not()
        time.sleep(0.1)


def test_a_start_has_nothing_to_lose(split: Split, own_gateway: Callable[..., Gateway]) -> None:
    split.organizations.unlink()
    assert own_gateway(split.site).http.chat("other").status == 200


# --- Ways to replace files


NEW = ORGANIZATIONS.replace("models: [echo]", "models: [echo, other]")


def may(office: Gateway, model: str, seconds: float = 6) -> None:
    """Waits until both keys may use the model; until then they get nothing but 200 and 403."""
    deadline = time.monotonic() + seconds
    while (statuses := [office.client(key).chat(model).status for key in (office.key, FILE_KEY)]) != [200, 200]:
        assert set(statuses) <= {200, 403} and time.monotonic() < deadline, statuses
        time.sleep(0.02)


def test_a_file_that_is_moved_over_another_is_taken(split: Split, office: Gateway) -> None:
    new = split.site.home / "new.yaml"
    new.write_text(NEW)
    os.replace(new, split.organizations)
    may(office, "other")


def test_a_change_that_leaves_size_and_time_alone_is_taken(split: Split, office: Gateway) -> None:
    status = split.organizations.stat()
    split.organizations.write_text(ORGANIZATIONS.replace("models: [echo]", "models:  ['*']"))
    os.utime(split.organizations, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert split.organizations.stat().st_size == status.st_size
    may(office, "other")


def test_swapped_links_are_taken_whole(split: Split, own_gateway: Callable[..., Gateway]) -> None:
    """As Kubernetes mounts a ConfigMap: files link to `..data/…`, and `..data` is swapped."""
    mount = split.site.home / "mount"
    mount.mkdir()

    def version(number: int, organizations: str) -> None:
        folder = mount / f"..{number}"
        folder.mkdir()
        (folder / "a.yaml").write_text(split.base.read_text())
        (folder / "b.yaml").write_text(organizations)
        (mount / "..next").symlink_to(folder.name)
        os.replace(mount / "..next", mount / "..data")

    version(1, ORGANIZATIONS)
    for name in ("a.yaml", "b.yaml"):
        (mount / name).symlink_to(f"..data/{name}")
    split.site.environment["PURSER_POLICIES"] = str(mount)
    office = own_gateway(split.site, key=split.site.new_key("acme/dev"))
    guarded(office, 0.2)
    version(2, NEW)
    may(office, "other")
    for path in sorted((mount / "..1").iterdir()):
        path.unlink()
    (mount / "..1").rmdir()
    for _ in range(20):
        assert office.http.chat("other").status == 200
        time.sleep(0.03)


@pytest.mark.parametrize("how", ["written", "replaced", "linked"])
def test_a_single_file_is_watched_too(split: Split, own_gateway: Callable[..., Gateway], how: str) -> None:
    single = split.site.home / "one.yaml"
    whole = split.base.read_text()
    if how == "linked":
        target = split.site.home / "one.1"
        target.write_text(whole + ORGANIZATIONS)
        single.symlink_to(target)
    else:
        single.write_text(whole + ORGANIZATIONS)
    split.site.environment["PURSER_POLICIES"] = str(single)
    office = own_gateway(split.site, key=split.site.new_key("acme/dev"))
    guarded(office, 0.2)
    if how == "written":
        single.write_text(whole + NEW)
    else:
        new = split.site.home / "one.2"
        new.write_text(whole + NEW)
        if how == "linked":
            (split.site.home / "link").symlink_to(new)
            new = split.site.home / "link"
        os.replace(new, single)
    may(office, "other")
    single.unlink()
    refused(office, "cannot read")
    single.write_text(whole + ORGANIZATIONS.replace("      research:", "      research2:"))
    refused(office, "acme/research")


def test_a_reload_that_finds_files_in_motion_waits(split: Split, office: Gateway) -> None:
    """A signal in the middle of a write does not take the half."""
    with split.organizations.open("w") as file:
        file.write(ORGANIZATIONS[:60])
        file.flush()
        office.signal(signal.SIGHUP)
        guarded(office, 0.15)
        file.write(ORGANIZATIONS[60:])
    guarded(office, 0.8)
    settled(office)
