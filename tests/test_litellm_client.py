"""The path to real models, walked over a loopback server that speaks the OpenAI chat format."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import client_world
from am_studio.models.answers import MOST_BYTES
from am_studio.models.litellm_client import LitellmClient
from am_studio.records import (
    Exchange,
    Function,
    FunctionCall,
    FunctionResult,
    ModelFailure,
    Reply,
    Sampling,
    Usage,
)
from loopback import KEY, Connection, Provider, serving

pytestmark = [
    # litellm and what it imports warn about each other; that is no business of these tests.
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.xdist_group("litellm"),
]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("TEST_MODEL_KEY", KEY)
    with serving(Provider()) as provider:
        yield provider


def ask(provider: Provider, **given: Any) -> Any:
    return client_world.ask(provider, "litellm", **given)


def test_a_reply_comes_back_with_usage_cost_and_the_model_as_the_provider_named_it(provider: Provider) -> None:
    provider.says({"content": "Good morning."})
    reply = ask(provider)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.reasoning, reply.finish) == ("Good morning.", "", "stop")
    assert reply.usage == Usage(1000, 200)
    assert reply.cost == pytest.approx(1000 * 2e-6 + 200 * 10e-6)
    assert reply.model_returned == "little-model-2031"
    sent = provider.requests[0]
    assert [message["content"] for message in sent["messages"]] == ["You are Wren.", "Read your mail."]
    assert (sent["temperature"], sent["max_tokens"], sent["seed"]) == (0.7, 512, 11)
    assert provider.keys == [f"Bearer {KEY}"]


def test_native_reasoning_is_kept_apart_from_the_text(provider: Provider) -> None:
    provider.says({"content": "Done.", "reasoning_content": "First the alarm."})
    reply = ask(provider)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.reasoning) == ("Done.", "First the alarm.")


def test_content_given_as_a_list_of_blocks_is_text(provider: Provider) -> None:
    provider.says(
        {
            "content": [
                {"type": "thinking", "thinking": "Hm."},
                {"type": "text", "text": "One. "},
                {"type": "text", "text": "Two."},
            ]
        }
    )
    reply = ask(provider)
    assert isinstance(reply, Reply), reply
    assert (reply.text, reply.reasoning) == ("One. Two.", "Hm.")


def test_truncation_and_filters_are_replies_not_failures(provider: Provider) -> None:
    provider.says({"content": "And then I"}, finish="length")
    cut = ask(provider)
    assert isinstance(cut, Reply)
    assert cut.finish == "length"
    provider.says({"content": ""}, finish="content_filter")
    filtered = ask(provider)
    assert isinstance(filtered, Reply)
    assert filtered.finish == "content_filter"


def test_litellm_is_not_imported_before_the_first_request() -> None:
    code = (
        "import sys; from am_studio.models.litellm_client import LitellmClient;"
        "from am_studio.records import ModelSettings;"
        "LitellmClient(ModelSettings('openai/gpt-4o')); sys.exit('litellm' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


SEND = Function("send_email", "Send an email.", (("to", "whom"), ("body", "what")), ("to",))
CLAUDE = "anthropic/claude-sonnet-4-5"
THOUGHT = {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmVk"}
HIDDEN = {"type": "redacted_thinking", "data": "aGlkZGVu"}


def says_as_claude(provider: Provider, *content: dict[str, Any], **usage: int) -> None:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-2031",
        "content": list(content),
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 10, "output_tokens": 5, **usage},
    }
    limits = {"anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-tokens-limit": "40000"}
    provider.answer = (200, limits, json.dumps(body).encode())


def ask_claude(provider: Provider, **request: Any) -> Any:
    return ask(provider, name=CLAUDE, endpoint=provider.url.removesuffix("/v1"), request=request)


def test_claude_is_given_its_signed_thinking_back_beside_its_call(provider: Provider) -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "send_email", "input": {"to": "ines@tarn-optics.example"}}
    says_as_claude(provider, THOUGHT, HIDDEN, {"type": "text", "text": "I will."}, call)
    first = ask_claude(provider, functions=(SEND,))
    assert isinstance(first, Reply), first
    assert (first.text, first.reasoning, first.model_returned) == ("I will.", "Let me see.", "claude-2031")
    assert first.calls == (FunctionCall("toolu_1", "send_email", '{"to": "ines@tarn-optics.example"}'),)
    exchange = Exchange(first, (FunctionResult("toolu_1", "Sent."),), "New mail.")
    says_as_claude(provider, {"type": "text", "text": "Done."})
    assert ask_claude(provider, functions=(SEND,), exchanges=(exchange,)).text == "Done."
    assert [tool["name"] for tool in provider.requests[-1]["tools"]] == ["send_email"]
    user, assistant, told = provider.requests[-1]["messages"]
    assert user["content"] == [{"type": "text", "text": "Read your mail."}]
    assert assistant["content"] == [THOUGHT, HIDDEN, {"type": "text", "text": "I will."}, call]
    assert [block["type"] for block in told["content"]] == ["tool_result", "text"]


def test_claude_is_asked_to_cache_a_prompt_that_repeats_and_its_discount_is_counted(provider: Provider) -> None:
    says_as_claude(
        provider, {"type": "text", "text": "Hi."}, cache_read_input_tokens=100, cache_creation_input_tokens=20
    )
    reply = ask_claude(provider, repeats=True)
    assert reply.usage == Usage(130, 5, cached_tokens=100, cache_write_tokens=20)
    assert (reply.limits.requests_per_minute, reply.limits.tokens_per_minute) == (50, 40000)
    sent = provider.requests[-1]
    assert sent["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
    ask_claude(provider)
    assert "cache_control" not in json.dumps(provider.requests[-1])
    ask(provider, request={"repeats": True})
    assert provider.requests[-1]["messages"][-1]["content"] == "Read your mail."


def test_an_overloaded_claude_says_how_long_to_wait(provider: Provider) -> None:
    body = b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'
    provider.answer = (529, {"retry-after": "3"}, body)
    failure = ask_claude(provider)
    assert (failure.kind, failure.message, failure.retry_after) == ("server", "Overloaded (status 529)", 3)


def test_blocks_of_content_beside_a_call_are_read_though_litellm_gives_up_on_them(provider: Provider) -> None:
    provider.says(
        {
            "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "I will."}],
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "send_email", "arguments": "{}"}}],
        },
        finish="tool_calls",
    )
    reply = ask(provider, request={"functions": (SEND,)})
    assert isinstance(reply, Reply), reply
    assert (reply.text, reply.reasoning, reply.calls) == ("I will.", "Hm.", (FunctionCall("c1", "send_email", "{}"),))


@pytest.mark.parametrize("name", ["openai/little-model", "openai/o3", "hosted_vllm/meta/x"])
def test_reasoning_effort_reaches_a_server_of_ones_own(provider: Provider, name: str) -> None:
    provider.says({"content": "Done."})
    assert isinstance(ask(provider, name=name, request={"sampling": Sampling(1.0, 64, "low")}), Reply)
    assert provider.requests[-1]["reasoning_effort"] == "low"
    assert isinstance(ask(provider, name=name), Reply)
    assert "reasoning_effort" not in provider.requests[-1]


def test_claude_thinks_as_long_as_the_effort_allows(provider: Provider) -> None:
    says_as_claude(provider, {"type": "text", "text": "Hi."})
    assert isinstance(ask_claude(provider, sampling=Sampling(1.0, 4096, "low")), Reply)
    assert provider.requests[-1]["thinking"]["type"] == "enabled"


def test_reasoning_between_calls_is_given_back_to_those_who_take_it(provider: Provider) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "send_email", "arguments": "{}"}}
    provider.says({"content": None, "reasoning_content": "Hm.", "tool_calls": [call]}, finish="tool_calls")
    for name, given in (("deepseek/deepseek-reasoner", "Hm."), ("openai/little-model", None)):
        reply = ask(provider, name=name, request={"functions": (SEND,)})
        assert reply.reasoning == "Hm."
        exchange = Exchange(reply, (FunctionResult("c1", "Sent."),))
        assert isinstance(ask(provider, name=name, request={"functions": (SEND,), "exchanges": (exchange,)}), Reply)
        assert provider.requests[-1]["messages"][2].get("reasoning_content") == given


def test_ollama_reads_messages_and_not_a_text_of_litellms_own(provider: Provider) -> None:
    provider.answer = (200, {}, json.dumps({"model": "x", "message": {"role": "assistant", "content": "Hi."}}).encode())
    assert ask(provider, name="ollama/x").text == "Hi."
    assert provider.paths[-1].endswith("/api/chat")
    assert [message["content"] for message in provider.requests[-1]["messages"]] == ["You are Wren.", "Read your mail."]


PROVIDERS = ["openai/x", "azure/x", "hosted_vllm/x", "litellm_proxy/x", "openrouter/x", "ollama/x", CLAUDE]
PROVIDERS += ["gemini/gemini-2.5-pro", "groq/x", "deepseek/x", "mistral/x", "xai/x", "aiohttp_openai/x"]


@pytest.mark.parametrize("name", PROVIDERS)
def test_one_attempt_is_one_request_of_bounded_size_whoever_the_provider_is(provider: Provider, name: str) -> None:
    unfit = json.dumps({"detail": [{"loc": ["body", "seed"], "msg": "unknown", "type": "value_error"}]})
    for status, message in ((422, unfit), (400, "Conversation roles must alternate user/assistant"), (500, "no")):
        provider.fails(status, message)
        assert isinstance(ask(provider, name=name), ModelFailure)
    assert len(provider.requests) == 3
    provider.raw = Connection.reset
    assert ask(provider, name=name).kind == "connection"
    assert len(provider.requests) == 4
    provider.raw = None
    provider.answer = (200, {}, b" " * (MOST_BYTES + 1))
    assert "8 MiB" in ask(provider, name=name).message
    assert len(provider.requests) == 5


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("openai/gpt-4o", "authentication"),
        (CLAUDE, "authentication"),
        ("gemini/gemini-2.5-pro", "authentication"),
        ("harbour-wire/x", "bad_request"),
    ],
)
def test_a_model_that_cannot_be_asked_at_all_stops_without_a_request(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    for key in list(os.environ):
        if key.endswith(("_API_KEY", "_TOKEN")):
            monkeypatch.delenv(key)
    failure = ask(provider, name=name, endpoint="", key_env="")
    assert (failure.kind, failure.stops_model) == (kind, True)
    assert provider.requests == []


def test_closing_one_client_leaves_the_others_their_connections(provider: Provider) -> None:
    subject, judge = (client_world.settings_for(provider, "litellm", name=name) for name in ("openai/a", "openai/b"))
    provider.says({"content": "Good morning."})

    async def both() -> list[Any]:
        one, other = LitellmClient(subject), LitellmClient(judge)
        first = await other.ask(client_world.request_to(judge))
        asked = asyncio.create_task(other.ask(client_world.request_to(judge)))
        await one.ask(client_world.request_to(subject))
        await one.close()
        replies = [first, await asked, await other.ask(client_world.request_to(judge))]
        await other.close()
        return replies

    assert all(isinstance(reply, Reply) for reply in asyncio.run(both()))
    assert len(provider.requests) == 4
