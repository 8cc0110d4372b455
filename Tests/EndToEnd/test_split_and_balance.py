"""Splits and balances through the real gateway, over thousands of requests."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from math import sqrt

import pytest

from support.gateway import Gateway, Site
from support.http import Reply, chat_body, read
from support.routing import EXPLAIN, ask_all, policies
from support.scripted import ScriptedProvider


def models(replies: list[Reply]) -> list[str]:
    assert {reply.status for reply in replies} == {200}, Counter(reply.status for reply in replies)
    return [reply.headers["x-purser-model"] for reply in replies]


def assert_share(count: int, of: int, share: float) -> None:
    """Within four standard deviations: true of 99.99 % of all honest draws."""
    assert abs(count - of * share) <= 4 * sqrt(of * share * (1 - share)), f"{count} of {of} is not {share}"


# --- Splits


def test_users_are_divided_by_weight_and_stay_there(routed: Gateway) -> None:
    users = [f"user-{number}@example.org" for number in range(2000)]
    first = models(ask_all(routed, [chat_body("assistant", "hi", user=user) for user in users]))
    assert_share(first.count("s/mid"), len(users), 0.1)
    again = models(ask_all(routed, [chat_body("assistant", "again", user=user, stream=True) for user in users[:300]]))
    assert again == first[:300]
    arms = {record["user"]: (record["experiment"], record["arm"]) for record in routed.site.records() if record["user"]}
    expected = {user: ("trial", "candidate" if model == "s/mid" else "control") for user, model in zip(users, first, strict=True)}
    assert {user: arms[user] for user in users} == expected


def test_a_restart_and_the_command_line_know_the_same_arm(own_gateway: Callable[..., Gateway], new_site: Callable[..., Site], provider: ScriptedProvider) -> None:
    site = new_site(policies(provider.url, "http://127.0.0.1:9/v1"))
    users = [f"u{number}" for number in range(60)]
    bodies = [chat_body("assistant", "hi", user=user) for user in users]
    gateway = own_gateway(site)
    before = models(ask_all(gateway, bodies))
    assert {"s/mini", "s/mid"} == set(before)
    gateway.stop()
    assert models(ask_all(own_gateway(site, key=gateway.key), bodies)) == before
    for user, model in list(zip(users, before, strict=True))[:8]:
        assert f'"model":"{model}"' in site.run("route", "--model", "assistant", "--user", user, "--json", "hi", check=True).stdout


def test_who_does_not_say_who_they_are_goes_by_their_key(routed: Gateway) -> None:
    replies = ask_all(routed, [chat_body("assistant", f"{number}") for number in range(40)], headers=EXPLAIN)
    assert len(set(models(replies))) == 1
    assert replies[0].json()["purser"]["assigned_by"] == "key"


def test_metadata_may_decide(routed: Gateway) -> None:
    places = {}
    for project in (f"project-{number}" for number in range(16)):
        answered = models(ask_all(routed, [chat_body("by-project", f"{turn}", metadata={"project": project}) for turn in range(4)]))
        assert len(set(answered)) == 1
        places[project] = answered[0]
    assert set(places.values()) == {"s/mini", "s/mid"}


def test_a_new_weight_moves_only_whom_it_must(own_gateway: Callable[..., Gateway], new_site: Callable[..., Site], provider: ScriptedProvider) -> None:
    """From a tenth to a fifth: everybody who had the candidate keeps it."""
    site = new_site(policies(provider.url, "http://127.0.0.1:9/v1"))
    gateway = own_gateway(site)
    bodies = [chat_body("assistant", "hi", user=f"user {number}") for number in range(600)]
    before = models(ask_all(gateway, bodies))
    site.policy_file.write_text(site.policy_file.read_text().replace("use: s/mid, weight: 10", "use: s/mid, weight: 22.5"))
    deadline = time.monotonic() + 60
    while "policies reloaded" not in gateway.log():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    after = models(ask_all(gateway, bodies))
    assert_share(after.count("s/mid"), len(after), 0.2)
    assert {late for early, late in zip(before, after, strict=True) if early == "s/mid"} == {"s/mid"}


def test_an_empty_user_is_nobody(routed: Gateway) -> None:
    reply = routed.http.chat("assistant", "hi", user="", headers=EXPLAIN)
    assert reply.json()["purser"]["assigned_by"] == "key"


# --- Balances


def test_weights_are_kept_roughly(routed: Gateway) -> None:
    answered = models(ask_all(routed, [chat_body("pool", f"{number}") for number in range(1200)]))
    assert_share(answered.count("s/mini"), len(answered), 0.75)


@pytest.mark.parametrize("by", ["header", "metadata"])
def test_a_conversation_stays_where_it_is(routed: Gateway, by: str) -> None:
    places = []
    for number in range(24):
        headers = {"x-session-id": f"conversation-{number}"} if by == "header" else None
        metadata = None if headers else {"session_id": f"conversation-{number}"}
        answered = models(ask_all(routed, [chat_body("cosy", f"turn {turn}", metadata=metadata) for turn in range(8)], headers=headers))
        assert len(set(answered)) == 1, f"conversation {number} moved: {answered}"
        places.append(answered[0])
    assert set(places) == {"s/mini", "s/mid"}


def test_without_a_conversation_both_get_some(routed: Gateway) -> None:
    assert set(models(ask_all(routed, [chat_body("cosy", f"{number}") for number in range(60)]))) == {"s/mini", "s/mid"}


def test_the_busy_one_is_spared(routed: Gateway, provider: ScriptedProvider) -> None:
    provider.forget()
    held = [threading.Thread(target=routed.http.chat, args=("s/busy",)) for _ in range(6)]
    for one in held:
        one.start()
    deadline = time.monotonic() + 60
    while sum(call.model == "slow-plain" for call in provider.calls) < 6:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    answered = [routed.http.chat("calm", f"{number}").headers["x-purser-model"] for number in range(12)]
    for one in held:
        one.join(10)
    assert answered == ["s/mini"] * 12


def test_the_second_priority_waits_for_the_firsts_failure(routed: Gateway) -> None:
    assert set(models(ask_all(routed, [chat_body("standby", f"{number}") for number in range(60)]))) == {"s/mini"}
    replies = ask_all(routed, [chat_body("spare", f"{number}") for number in range(30)], threads=1, headers=EXPLAIN)
    assert set(models(replies)) == {"s/mini"}
    first, last = (reply.json()["purser"] for reply in (replies[0], replies[-1]))
    assert [one["model"] for one in first["attempts"]] == ["gone/echo", "s/mini"]
    # By then it is known to be down, and nobody loses time on it.
    assert [one["model"] for one in last["attempts"]] == ["s/mini"]
    assert {one["model"]: one.get("excluded_because") for one in last["candidates"]}["gone/echo"] == "it is failing at the moment"


# --- Reloads


def test_a_reload_under_load_switches_between_requests(own_gateway: Callable[..., Gateway], new_site: Callable[..., Site], provider: ScriptedProvider) -> None:
    """What is in flight ends as it began; what comes after is decided anew; nobody sees anything else."""
    site = new_site(policies(provider.url, "http://127.0.0.1:9/v1"))
    gateway = own_gateway(site)
    stop, seen = threading.Event(), [[] for _ in range(4)]

    def client(number: int) -> None:
        while not stop.is_set():
            seen[number].append(gateway.http.chat("switch", "hi", stream=number % 2 == 1))

    clients = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for one in clients:
        one.start()
    flights = [gateway.http.open_stream("switch-long") for _ in range(4)]
    time.sleep(0.3)
    changed = site.policy_file.read_text().replace("switch: {fallback: [s/mini]}", "switch: {fallback: [s/mid]}")
    changed = changed.replace("switch-long: {fallback: [s/long]}", "switch-long: {fallback: [s/mid]}").replace("  s/long:", "  s/longer:")
    site.policy_file.write_text(changed)
    deadline = time.monotonic() + 60
    while gateway.http.chat("switch").headers["x-purser-model"] != "s/mid":
        assert time.monotonic() < deadline, "the new policies did not come into force"
        time.sleep(0.05)
    time.sleep(0.3)
    stop.set()
    for one in clients:
        one.join(10)
    for connection, response in flights:
        reply = read(response)
        connection.close()
        assert reply.headers["x-purser-model"] == "s/long" and reply.text == "0123456789" * 20
        record = site.record(reply)
        assert (record["model"], record["route"], record["status"]) == ("s/long", "switch-long", "ok")
    assert gateway.http.chat("switch-long", "hi").headers["x-purser-model"] == "s/mid"
    for replies in seen:
        answered = models(replies)
        assert answered == sorted(answered, key=["s/mini", "s/mid"].index) and set(answered) == {"s/mini", "s/mid"}
