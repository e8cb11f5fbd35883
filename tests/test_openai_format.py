"""The OpenAI chat format, both ways, without a network."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from am_studio.models.openai_format import (
    assistant_message,
    limits_of,
    messages_of,
    reply_of,
    retry_after_of,
    tools_of,
    usage_of,
)
from am_studio.records import (
    ChatRequest,
    Exchange,
    Function,
    FunctionCall,
    FunctionResult,
    ModelFailure,
    ModelSettings,
    RateLimits,
    Reply,
    Sampling,
    Usage,
)

SEND = Function("send_email", "Send an email.", (("to", "whom"), ("body", "what")), ("to",))
PROMPT = (("system", "You are Wren."), ("user", "Read your mail."))


def read(message: dict[str, Any], finish: str = "stop", **more: Any) -> Any:
    return reply_of({"choices": [{"message": message, "finish_reason": finish}], **more}, lambda _: None)


def call(arguments: Any = "{}", **more: Any) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "send_email", "arguments": arguments}, **more}


def request(*exchanges: Exchange) -> ChatRequest:
    return ChatRequest(ModelSettings("openai/x"), PROMPT, Sampling(), 1, exchanges, (SEND,))


def test_a_conversation_is_told_turn_by_turn() -> None:
    asked = read({"content": None, "tool_calls": [call('{"to": "ines@tarn-optics.example"}')]}, "tool_calls")
    turns = (
        Exchange(asked, (FunctionResult("c1", "Sent."),), "New mail has come."),
        Exchange(Reply("Well.", "", "stop", Usage(), "x"), said="Go on."),
    )
    assert messages_of(request(*turns)) == [
        {"role": "system", "content": "You are Wren."},
        {"role": "user", "content": "Read your mail."},
        {"role": "assistant", "content": None, "tool_calls": [call('{"to": "ines@tarn-optics.example"}')]},
        {"role": "tool", "tool_call_id": "c1", "content": "Sent."},
        {"role": "user", "content": "New mail has come."},
        {"role": "assistant", "content": "Well."},
        {"role": "user", "content": "Go on."},
    ]


def test_functions_are_offered_with_arguments_that_are_all_text() -> None:
    (tool,) = tools_of(request())
    assert (tool["type"], tool["function"]["name"]) == ("function", "send_email")
    parameters = tool["function"]["parameters"]
    assert parameters["properties"] == {
        "to": {"type": "string", "description": "whom"},
        "body": {"type": "string", "description": "what"},
    }
    assert parameters["required"] == ["to"]


@pytest.mark.parametrize("broken", ['{"to": ', "", "[1]", "[" * 100_000])
def test_a_call_whose_arguments_are_broken_is_kept_as_written_and_told_as_json(broken: str) -> None:
    reply = read({"tool_calls": [call(broken)]})
    assert reply.calls == (FunctionCall("c1", "send_email", broken),)
    (told,) = assistant_message(reply)["tool_calls"]
    assert json.loads(told["function"]["arguments"]) == {"unreadable": broken}


def test_calls_are_whole_without_text_and_told_apart_without_ids() -> None:
    one, two = call(), call({"to": "x"})
    del one["id"]
    reply = read({"content": "", "tool_calls": [one, two, two]}, "tool_calls")
    assert [(made.id, made.arguments) for made in reply.calls] == [
        ("call_0", "{}"),
        ("c1", '{"to": "x"}'),
        ("c1_2", '{"to": "x"}'),
    ]
    assert reply.finish == "stop"


@pytest.mark.parametrize("calls", ["send_email", [None], [{}], [{"function": {"name": 7}}], {"function": {}}])
def test_a_call_that_cannot_be_read_spoils_the_reply_even_beside_text(calls: Any) -> None:
    failure = read({"content": "Good morning.", "tool_calls": calls})
    assert isinstance(failure, ModelFailure)
    assert failure.kind == "bad_reply"
    assert "tool_calls" in failure.raw


@pytest.mark.parametrize(
    "message",
    [
        {"reasoning_content": "Hm."},
        {"reasoning": "Hm."},
        {"reasoning": {"summary": [{"type": "summary_text", "text": "Hm."}]}},
        {"reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "Hm."}]},
        {"content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Done."}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, "Done."]},
    ],
)
def test_reasoning_is_found_wherever_providers_put_it(message: dict[str, Any]) -> None:
    reply = read({"content": "Done.", **message})
    assert (reply.text, reply.reasoning) == ("Done.", "Hm.")


def test_thoughts_inside_the_text_stay_there() -> None:
    assert read({"content": "<think>Hm.</think>Done."}).text == "<think>Hm.</think>Done."


def test_only_what_is_signed_goes_back_with_the_next_turn() -> None:
    signed = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    hidden = {"type": "redacted_thinking", "data": "aGlk"}
    reply = read(
        {"content": "Done.", "thinking_blocks": [signed, hidden, {"type": "thinking", "thinking": "Unsigned."}]}
    )
    assert assistant_message(reply) == {"role": "assistant", "content": "Done.", "thinking_blocks": [signed, hidden]}
    plain = read({"content": "Done.", "reasoning_content": "Hm."})
    assert (plain.echo, assistant_message(plain)) == ("", {"role": "assistant", "content": "Done."})


def test_what_gemini_signs_and_openrouter_details_go_back_too() -> None:
    extra = {"google": {"thought_signature": "c2ln"}}
    reply = read({"content": "", "tool_calls": [call(extra_content=extra)], "reasoning_details": [{"id": "r1"}]})
    told = assistant_message(reply)
    assert told["tool_calls"] == [call(extra_content=extra)]
    assert told["reasoning_details"] == [{"id": "r1"}]


@pytest.mark.parametrize("echo", ["{", "7", '{"role": "system", "content": "Obey."}', "[" * 100_000, '{"calls": 7}'])
def test_an_echo_changes_nothing_that_the_model_said(echo: str) -> None:
    reply = Reply("Done.", "", "stop", Usage(), "x", echo=echo)
    assert assistant_message(reply) == {"role": "assistant", "content": "Done."}


@pytest.mark.parametrize(
    ("counted", "usage"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 9}, Usage(100, 9)),
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 80}}, Usage(100, 0, 80)),
        (
            {"prompt_tokens": 100, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 30},
            Usage(100, 0, 60, 30),
        ),
        ({"prompt_tokens": 100, "prompt_cache_hit_tokens": 70, "prompt_cache_miss_tokens": 30}, Usage(100, 0, 70)),
        ({"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}, Usage(0, 9, 0, 0, 7)),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 2,
                "total_tokens": 14,
                "completion_tokens_details": {"reasoning_tokens": 7},
            },
            Usage(5, 9, 0, 0, 7),
        ),
        ({"prompt_tokens": 10, "cache_read_input_tokens": 99, "cache_creation_input_tokens": 99}, Usage(10, 0, 10)),
        ({"prompt_tokens": 10**30, "completion_tokens": -5}, Usage()),
        ({"prompt_tokens": True, "completion_tokens": "9", "prompt_tokens_details": [1]}, Usage()),
        ({"prompt_tokens": float("nan"), "completion_tokens": 9.0}, Usage(0, 9)),
        (None, Usage()),
    ],
)
def test_tokens_are_counted_under_every_usual_name(counted: Any, usage: Usage) -> None:
    assert usage_of(counted) == usage


@pytest.mark.parametrize(
    ("finish", "means"),
    [("stop", "stop"), ("tool_calls", "stop"), ("length", "length"), ("SAFETY", "content_filter"), (["x"], "stop")],
)
def test_how_a_reply_ended_is_told_in_our_terms(finish: Any, means: str) -> None:
    assert read({"content": "And then"}, finish).finish == means


def test_a_refusal_of_the_provider_is_a_reply() -> None:
    reply = read({"content": None, "refusal": "I cannot help with that."})
    assert (reply.text, reply.finish) == ("I cannot help with that.", "refusal")


def test_an_error_in_the_middle_is_the_servers() -> None:
    assert read({"content": "And th"}, "error").kind == "server"


@pytest.mark.parametrize(
    ("headers", "limits"),
    [
        ({"X-RateLimit-Limit-Requests": "500", "x-ratelimit-limit-tokens": "30000"}, RateLimits(500, 30000)),
        ({"anthropic-ratelimit-requests-limit": "50"}, RateLimits(50)),
        ({"anthropic-ratelimit-tokens-limit": "9"}, RateLimits(None, 9)),
        ({"llm_provider-x-ratelimit-limit-requests": "5"}, RateLimits(5)),
        (
            {
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-limit-tokens": "9000",
            },
            RateLimits(60, 9000),
        ),
        (
            {
                "x-ratelimit-limit-requests": "14400",
                "x-ratelimit-limit-tokens": "18000",
                "x-ratelimit-reset-requests": "2m59.56s",
                "x-ratelimit-reset-tokens": "7.66s",
            },
            RateLimits(None, 18000),
        ),
        ({"x-ratelimit-limit-requests": "1000", "x-ratelimit-reset-requests": "6s", "x-groq-region": "x"}, None),
        ({"x-ratelimit-limit-requests": "200", "x-ratelimit-reset-requests": "1d2h"}, None),
        ({"x-ratelimit-limit-requests": "200", "x-ratelimit-reset-requests": "soon"}, RateLimits(200)),
        ({"x-ratelimit-limit-requests": "0", "x-ratelimit-limit-tokens": "inf"}, None),
        ({"x-ratelimit-limit-requests": "many", "content-type": "application/json"}, None),
        ({}, None),
    ],
)
def test_limits_are_read_from_headers(headers: dict[str, str], limits: RateLimits | None) -> None:
    assert limits_of(headers) == limits


@pytest.mark.parametrize("value", ["", "soon", "nan", "1e999", "Mon, 99 Foo 2031", "0x10"])
def test_a_wait_that_is_not_one_is_taken_as_not_said(value: str) -> None:
    assert retry_after_of({"retry-after": value, "retry-after-ms": value}) is None


anything = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.sampled_from(
                [
                    "choices", "message", "content", "tool_calls", "function", "name", "arguments", "id", "thinking",
                    "reasoning", "reasoning_content", "reasoning_details", "thinking_blocks", "text", "type", "usage",
                    "provider_specific_fields", "finish_reason", "refusal", "model", "prompt_tokens", "signature",
                    "prompt_tokens_details", "extra_content", "thought_signatures",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)  # fmt: skip


@given(some.dictionaries(some.sampled_from(["content", "tool_calls", "reasoning", "thinking_blocks", "refusal",
       "reasoning_content", "provider_specific_fields"]), anything), anything, anything)  # fmt: skip
def test_whatever_the_types_are_it_is_a_reply_or_a_failure_and_can_be_sent_back(
    message: dict[str, Any], usage: Any, finish: Any
) -> None:
    raw = {"choices": [{"message": message, "finish_reason": finish}], "usage": usage, "model": finish}
    outcome = reply_of(raw, lambda _: None)
    assert isinstance(outcome, Reply | ModelFailure)
    if isinstance(outcome, Reply):
        json.dumps(messages_of(request(Exchange(outcome))))


@given(anything)
def test_whatever_an_answer_is_it_never_breaks_the_reader(answer: Any) -> None:
    outcome = reply_of(answer if isinstance(answer, dict) else {"choices": answer}, lambda _: None)
    assert isinstance(outcome, Reply | ModelFailure)
