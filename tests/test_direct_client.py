"""The lean way to a model that speaks the OpenAI chat format, over real connections."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import client_world
from am_studio.foundation.errors import StudioError
from am_studio.models.direct_client import DirectClient
from am_studio.models.litellm_client import LitellmClient
from am_studio.models.registry import check_model, open_client
from am_studio.models.simulated import SimulatedClient
from am_studio.records import (
    Exchange,
    Function,
    FunctionCall,
    FunctionResult,
    ModelFailure,
    ModelSettings,
    Reply,
    Sampling,
    Usage,
)
from client_world import request_to, settings_for
from loopback import KEY, Provider, serving

SEND = Function("send_email", "Send an email.", (("to", "whom"),), ("to",))


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("TEST_MODEL_KEY", KEY)
    with serving(Provider()) as provider:
        provider.says({"content": "Good morning."})
        yield provider


def ask(provider: Provider, **given: Any) -> Any:
    return client_world.ask(provider, "direct", **given)


def test_a_reply_comes_back_with_usage_cost_and_the_model_as_the_provider_named_it(provider: Provider) -> None:
    reply = ask(provider)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.reasoning, reply.finish) == ("Good morning.", "", "stop")
    assert (reply.usage, reply.model_returned) == (Usage(1000, 200), "little-model-2031")
    assert reply.cost == pytest.approx(1000 * 2e-6 + 200 * 10e-6)
    sent = provider.requests[0]
    assert [message["content"] for message in sent["messages"]] == ["You are Wren.", "Read your mail."]
    assert (sent["temperature"], sent["max_tokens"], sent["seed"], sent["stream"]) == (0.7, 512, 11, False)
    assert provider.keys == [f"Bearer {KEY}"]
    assert "tools" not in sent
    assert "reasoning_effort" not in sent


@pytest.mark.parametrize(
    ("name", "sent"),
    [("hosted_vllm/meta/x", "meta/x"), ("openai/sim/strategist", "sim/strategist"), ("little", "little")],
)
def test_the_model_is_named_as_its_endpoint_knows_it(provider: Provider, name: str, sent: str) -> None:
    ask(provider, name=name)
    assert provider.requests[0]["model"] == sent


def test_the_address_may_end_as_people_write_it(provider: Provider) -> None:
    for endpoint in (provider.url, provider.url + "/", provider.url + "/chat/completions"):
        ask(provider, endpoint=endpoint)
    assert provider.paths == ["/v1/chat/completions"] * 3


def test_a_function_is_called_and_its_result_is_told(provider: Provider) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "send_email", "arguments": '{"to": "x"}'}}
    provider.says({"content": None, "reasoning": "Hm.", "tool_calls": [call]}, finish="tool_calls")
    first = ask(provider, request={"functions": (SEND,), "sampling": Sampling(1.0, 64, "high")})
    assert (first.text, first.reasoning, first.calls) == ("", "Hm.", (FunctionCall("c1", "send_email", '{"to": "x"}'),))
    assert provider.requests[0]["reasoning_effort"] == "high"
    assert provider.requests[0]["tools"][0]["function"]["name"] == "send_email"
    provider.says({"content": "Done."})
    exchange = Exchange(first, (FunctionResult("c1", "Sent."),))
    assert ask(provider, request={"functions": (SEND,), "exchanges": (exchange,)}).text == "Done."
    assert provider.requests[1]["messages"][2:] == [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "Sent."},
    ]


def test_no_key_is_sent_that_the_settings_do_not_name(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert isinstance(ask(provider, key_env=""), Reply)
    assert provider.keys == [""]


def test_neither_proxy_nor_netrc_of_the_environment_is_used(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login wren password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert isinstance(ask(provider, key_env=""), Reply)
    assert provider.keys == [""]


def test_cookies_are_not_kept_and_connections_are(provider: Provider) -> None:
    provider.answer = (200, {"set-cookie": "who=wren; Path=/"}, provider.answer[2])
    model = settings_for(provider, "direct")

    async def thrice() -> None:
        client = DirectClient(model)
        for _ in range(3):
            assert isinstance(await client.ask(request_to(model)), Reply)
        await client.close()

    asyncio.run(thrice())
    assert not any("cookie" in headers for headers in provider.headers)


def test_many_requests_are_in_flight_at_once(provider: Provider) -> None:
    model = settings_for(provider, "direct")

    async def all_at_once() -> list[Reply | ModelFailure]:
        client = DirectClient(model)
        try:
            return await asyncio.gather(*(client.ask(request_to(model, seed=seed)) for seed in range(150)))
        finally:
            await client.close()

    assert all(isinstance(reply, Reply) for reply in asyncio.run(all_at_once()))
    assert sorted(sent["seed"] for sent in provider.requests) == list(range(150))


def test_a_cancelled_request_leaves_the_client_usable(provider: Provider) -> None:
    import threading

    waits = threading.Event()
    answer = provider.answer
    provider.answers = lambda sent: answer if sent["seed"] else (waits.wait(5), answer)[1]
    model = settings_for(provider, "direct")

    async def cancelled() -> Reply | ModelFailure:
        client = DirectClient(model)
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.ask(request_to(model, seed=0))
            return await client.ask(request_to(model, seed=1))
        finally:
            waits.set()
            await client.close()

    assert isinstance(asyncio.run(cancelled()), Reply)


def test_a_closed_client_answers_no_more(provider: Provider) -> None:
    model = settings_for(provider, "direct")

    async def too_late() -> Reply | ModelFailure:
        client = DirectClient(model)
        await client.close()
        return await client.ask(request_to(model))

    failure = asyncio.run(too_late())
    assert isinstance(failure, ModelFailure)
    assert provider.requests == []


@pytest.mark.parametrize("endpoint", ["ftp://tarn-optics.example", "http://", "not an address", "http://[::1"])
def test_an_address_that_is_none_stops_the_model(provider: Provider, endpoint: str) -> None:
    failure = ask(provider, endpoint=endpoint)
    assert isinstance(failure, ModelFailure)
    assert failure.stops_model, failure


def test_a_password_in_the_address_is_sent_and_not_told(provider: Provider) -> None:
    address = "http://wren:passphrase@127.0.0.1"
    assert isinstance(ask(provider, endpoint=provider.url.replace("http://127.0.0.1", address), key_env=""), Reply)
    assert provider.keys[0].startswith("Basic ")
    failure = ask(provider, endpoint=f"{address}:1/v1", key_env="")
    assert failure.kind == "connection"
    assert "passphrase" not in repr(failure)


def test_text_of_any_characters_is_sent_as_it_is(provider: Provider) -> None:
    said = "Grüße, \0 and \ud800 and \u2028"
    ask(provider, request={"messages": (("user", said),)})
    assert provider.requests[0]["messages"][0]["content"] == said


def test_which_client_serves_which_settings() -> None:
    assert isinstance(open_client(ModelSettings("sim/strategist", client="direct")), SimulatedClient)
    assert isinstance(open_client(ModelSettings("openai/x")), LitellmClient)
    direct = ModelSettings("openai/x", endpoint="http://127.0.0.1:1/v1", client="direct")
    check_model(direct)
    assert isinstance(open_client(direct), DirectClient)
    nowhere = ModelSettings("openai/x", client="direct")
    for refuses in (check_model, open_client, DirectClient):
        with pytest.raises(StudioError, match="endpoint"):
            refuses(nowhere)


def test_neither_aiohttp_nor_a_socket_is_touched_before_the_first_request() -> None:
    code = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(event) if event.startswith('socket.') else None)\n"
        "from am_studio.models.registry import open_client\n"
        "from am_studio.records import ModelSettings\n"
        "open_client(ModelSettings('openai/x', endpoint='http://127.0.0.1:1/v1', client='direct'))\n"
        "open_client(ModelSettings('openai/x'))\n"
        "print([*opened, *({'aiohttp', 'litellm', 'httpx', 'openai'} & set(sys.modules))])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == []
