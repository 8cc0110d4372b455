"""Several gateways on one PostgreSQL, and clients that keep them busy."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

from .gateway import Gateway
from .http import chat_body
from .postgres import PostgreSQL
from .scripted import BEHAVIOURS, Behaviour, Call, ScriptedProvider, Wire


class Member:
    """One gateway of several, as its clients see it over all its runs."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.answered: list[str] = []
        self.statuses: Counter[int] = Counter()

    def restart(self) -> None:
        """Starts it again with the state that it had."""
        self.gateway = Gateway(self.gateway.site, self.gateway.key, plain=True)

    def rate(self, seconds: float) -> float:
        """Requests that it serves a second, measured now."""
        before = len(self.answered)
        time.sleep(seconds)
        return (len(self.answered) - before) / seconds


class Load:
    """Clients of all members, each with a connection that it keeps; `pause` between the requests of one."""

    def __init__(self, members: list[Member], model: str, clients: int, pause: float = 0, **fields: str) -> None:
        self.model, self.pause, self.fields = model, pause, fields
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(member,)) for member in members for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _client(self, member: Member) -> None:
        connection: HTTPConnection | None = None
        while not self._ended.wait(self.pause):
            gateway = member.gateway
            try:
                if connection is None or connection.port != gateway.port:
                    connection = gateway.http.connect(30)
                body = json.dumps(chat_body(self.model, "hello", max_tokens=7, **self.fields))
                connection.request("POST", "/v1/chat/completions", body, gateway.http.headers())
                response = connection.getresponse()
                response.read()
                status, name = response.status, response.headers["x-request-id"]
            except (OSError, HTTPException):
                connection, status, name = None, 0, ""
            member.statuses[status] += 1
            if status == 200:
                member.answered.append(name)
            else:
                self._ended.wait(0.05)

    def stop(self) -> None:
        """Lets every request that has begun come to its end."""
        self._ended.set()
        for thread in self._threads:
            thread.join()


class CountingProvider(ScriptedProvider):
    """Takes 20 to 60 ms for an answer, and counts how many it works on at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = self.peak = self.served = 0

    def script(self, call: Call) -> Behaviour:
        return self._answer

    async def _answer(self, call: Call, wire: Wire) -> None:
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        await asyncio.sleep(random.uniform(0.02, 0.06))
        self.under_way -= 1
        self.served += 1
        await BEHAVIOURS["echo"](call, wire)


class Accounts:
    """Looks at the limits in the database all the time, as far as it can be reached."""

    def __init__(self, postgres: PostgreSQL) -> None:
        self.postgres = postgres
        #: By how much more than their limits was spent and leased, at the worst moment.
        self.excess: list[int] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            found = self.postgres.try_query("SELECT max(spent + leased - ceiling) FROM purser.limit_window")
            if found and found[0]:
                self.excess.append(int(found[0]))

    def stop(self) -> list[int]:
        self._ended.set()
        self._thread.join()
        return self.excess


def eventually(condition: Callable[[], object], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return bool(condition())
