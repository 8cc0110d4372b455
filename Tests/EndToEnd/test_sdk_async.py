"""Many requests at once: every answer belongs to the request it is given to."""

from __future__ import annotations

import asyncio
import uuid

import openai

from support.answers import DRIPPED
from support.gateway import Gateway, Site

REQUESTS, AT_ONCE = 2000, 50


async def ask(client: openai.AsyncOpenAI, number: int) -> str | None:
    """One request with a nonce of its own: plain, streamed, or streamed and left in the middle. Returns what is wrong with the answer."""
    nonce = f"nonce {number} {uuid.uuid4()} " + "x" * (number % 97)
    request = {
        "model": "scripted/drip" if number % 250 == 0 else "scripted/echo",
        "messages": [{"role": "user", "content": nonce}],
        "extra_headers": {"x-request-id": f"cross-talk-{number}"},
    }
    if number % 3 == 0 and number % 250:
        answer = await client.chat.completions.create(**request)
        said = answer.choices[0].message.content
    else:
        said = ""
        stream = await client.chat.completions.create(**request, stream=True)
        async with stream:
            async for chunk in stream:
                said += chunk.choices[0].delta.content or ""
                if number % 11 == 0 and len(said) > 20:
                    break
    expected = DRIPPED if request["model"] == "scripted/drip" else nonce
    if number % 11 == 0 and expected.startswith(said):
        return None
    return None if said == expected else f"{number}: expected {expected!r}, got {said!r}"


def test_no_cross_talk(gateway: Gateway, site: Site) -> None:
    async def run() -> list[str | None]:
        transport = openai.DefaultAsyncHttpxClient(verify=site.trust())
        gate = asyncio.Semaphore(AT_ONCE)
        async with openai.AsyncOpenAI(api_key=gateway.key, base_url=f"{gateway.url}/v1", max_retries=0, http_client=transport) as client:

            async def gated(number: int) -> str | None:
                async with gate:
                    return await ask(client, number)

            return await asyncio.gather(*map(gated, range(REQUESTS)))

    wrong = [problem for problem in asyncio.run(run()) if problem]
    assert not wrong, wrong[:5]

    records = [record for record in site.records() if record["request_id"].startswith("cross-talk-")]
    numbers = {int(record["request_id"].rsplit("-", 1)[1]) for record in records}
    finished = {number for number in range(REQUESTS) if number % 3 == 0 or number % 11}
    assert finished <= numbers, f"no record of {sorted(finished - numbers)[:5]}"
    assert len(records) == len(numbers), "a request has more than one record"
    assert {record["status"] for record in records} <= {"ok", "canceled"}


def test_fifty_at_once_on_cold_connections(gateway: Gateway, site: Site) -> None:
    async def run() -> list[str]:
        async def one(number: int) -> str:
            transport = openai.DefaultAsyncHttpxClient(verify=site.trust())
            async with openai.AsyncOpenAI(api_key=gateway.key, base_url=f"{gateway.url}/v1", max_retries=0, http_client=transport) as client:
                answer = await client.chat.completions.create(model="scripted/echo", messages=[{"role": "user", "content": f"cold {number}"}])
                return answer.choices[0].message.content

        return await asyncio.gather(*map(one, range(50)))

    assert asyncio.run(run()) == [f"cold {number}" for number in range(50)]
