"""The simulated subjects over HTTP: the same answers as in process, in the format that clients of OpenAI read."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from am_studio.models.simulated import SimulatedClient
from am_studio.records import (
    ChatRequest,
    Exchange,
    Function,
    FunctionCall,
    FunctionResult,
    Intent,
    ModelFailure,
    ModelSettings,
    Reply,
    Sampling,
    Usage,
)
from sim_world import Served, get, post, prompt_messages, sim_serving

MESSAGES = prompt_messages()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with sim_serving() as server:
        yield server


def in_process(seed: int, max_tokens: int = 4096) -> Reply:
    model = ModelSettings("sim/strategist")
    messages = tuple((message["role"], message["content"]) for message in MESSAGES)
    request = ChatRequest(model, messages, Sampling(max_tokens=max_tokens), seed)
    answer = asyncio.run(SimulatedClient(model).ask(request))
    assert isinstance(answer, Reply)
    return answer


def asked(url: str, **fields: Any) -> dict[str, Any]:
    status, headers, body = asyncio.run(post(url, {"model": "sim/strategist", "messages": MESSAGES, **fields}))
    assert status == 200, body
    assert headers["x-am-studio-simulated"] == "no evidence about any real model"
    return json.loads(body)


def refused(url: str, body: Any) -> tuple[int, str]:
    status, _, told = asyncio.run(post(url, body))
    error = json.loads(told)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return status, error["message"]


def test_the_same_messages_seed_and_limit_give_the_reply_of_the_subject_in_process(served: Served) -> None:
    for seed in range(12):
        here, there = in_process(seed), asked(served.url, seed=seed)
        choice = there["choices"][0]
        assert choice["message"]["content"] == here.text
        assert choice["message"].get("reasoning_content", "") == here.reasoning
        assert choice["finish_reason"] == here.finish
        assert there["usage"]["prompt_tokens"] == here.usage.input_tokens
        assert there["usage"]["completion_tokens"] == here.usage.output_tokens
        assert (there["model"], there["system_fingerprint"]) == ("sim/strategist", "simulated")
    assert any(in_process(seed).reasoning for seed in range(12))


def test_a_reply_is_cut_off_at_either_spelling_of_the_limit(served: Served) -> None:
    short = in_process(3, 50)
    assert short.finish == "length"
    for name in ("max_tokens", "max_completion_tokens"):
        choice = asked(served.url, seed=3, **{name: 50})["choices"][0]
        assert (choice["message"]["content"], choice["finish_reason"]) == (short.text, "length")


def test_what_the_subject_meant_is_never_sent(served: Served) -> None:
    told = json.dumps([asked(served.url, seed=seed) for seed in range(20)])
    assert not any(word in told for word in ("intent", "quote_to_decline", "belief", "leak_comment"))


def test_without_a_seed_replies_vary(served: Served) -> None:
    assert len({asked(served.url)["choices"][0]["message"]["content"] for _ in range(6)}) > 1


def test_a_name_without_its_prefix_and_a_path_without_v1_are_understood(served: Served) -> None:
    bare = asked(served.address, model="strategist", seed=5)
    assert bare["choices"] == asked(served.url, seed=5)["choices"]


def test_content_in_blocks_reads_as_its_text(served: Served) -> None:
    cut = len(MESSAGES[0]["content"]) // 2
    text = MESSAGES[0]["content"]
    blocks = [{"type": "text", "text": text[:cut]}, {"type": "text", "text": text[cut:]}]
    messages = [{**MESSAGES[0], "content": blocks}, *MESSAGES[1:]]
    assert asked(served.url, messages=messages, seed=5)["choices"] == asked(served.url, seed=5)["choices"]


def test_the_models_are_listed(served: Served) -> None:
    status, listed = asyncio.run(get(f"{served.url}/models"))
    assert status == 200
    assert "sim/strategist" in [model["id"] for model in listed["data"]]
    assert asyncio.run(get(f"{served.url}/models/sim/strategist"))[1]["id"] == "sim/strategist"
    assert asyncio.run(get(f"{served.url}/models/sim/nobody"))[0] == 404


def test_an_unknown_model_is_not_found_and_the_nearest_is_named(served: Served) -> None:
    status, told = refused(served.url, {"model": "sim/strategits", "messages": MESSAGES})
    assert status == 404
    assert "sim/strategist" in told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[]", "JSON object"),
        ({"messages": MESSAGES}, "'model' is missing"),
        ({"model": 7, "messages": MESSAGES}, "'model' should be a string"),
        ({"model": "sim/strategist"}, "'messages' is missing"),
        ({"model": "sim/strategist", "messages": []}, "begin with"),
        ({"model": "sim/strategist", "messages": ["hello"]}, "messages[0]"),
        ({"model": "sim/strategist", "messages": [{"role": "bard", "content": "x"}]}, "messages[0].role"),
        ({"model": "sim/strategist", "messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"model": "sim/strategist", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "text"),
        ({"model": "sim/strategist", "messages": MESSAGES, "seed": "seven"}, "'seed' should be a whole number"),
        ({"model": "sim/strategist", "messages": MESSAGES, "seed": True}, "'seed' should be a whole number"),
        ({"model": "sim/strategist", "messages": MESSAGES, "max_tokens": 0}, "at least 1"),
        ({"model": "sim/strategist", "messages": MESSAGES, "n": 2}, "'n' should be 1"),
        ({"model": "sim/strategist", "messages": MESSAGES, "stream": "yes"}, "'stream' should be true or false"),
        ({"model": "sim/strategist", "messages": MESSAGES, "tools": [{"type": "function"}]}, "tools[0]"),
        (
            {"model": "sim/strategist", "messages": [*MESSAGES, {"role": "tool", "tool_call_id": "c", "content": ""}]},
            "tool_call_id",
        ),
    ],
)
def test_a_wrong_request_is_refused_with_a_sentence(served: Served, body: Any, told: str) -> None:
    status, message = refused(served.url, body)
    assert status == 400
    assert told in message


def test_text_with_nul_and_lone_surrogates_is_answered_or_refused_but_never_breaks_the_server(served: Served) -> None:
    body = b'{"model": "sim/strategist", "messages": [{"role": "user", "content": "\\u0000\\ud800 hello"}]}'
    status, _, _ = asyncio.run(post(served.url, body))
    assert status in {200, 400}


def test_a_body_over_the_limit_is_refused(served: Served) -> None:
    messages = [{"role": "user", "content": "a" * (17 << 20)}]
    assert refused(served.url, {"model": "sim/strategist", "messages": messages})[0] == 413


def test_what_is_not_there_says_what_is(served: Served) -> None:
    status, told = asyncio.run(get(f"{served.url}/embeddings"))
    assert status == 404
    assert "/v1/chat/completions" in told["error"]["message"]
    assert asyncio.run(get(f"{served.url}/chat/completions"))[0] == 405


# Through the official SDK. ---------------------------------------------------------------------------------------------------


def test_the_official_sdk_reads_whole_answers_and_streams(served: Served) -> None:
    import openai

    here = next(reply for reply in map(in_process, range(12)) if reply.reasoning)
    seed = next(seed for seed in range(12) if in_process(seed) == here)
    with openai.OpenAI(base_url=served.url, api_key="none", max_retries=0) as client:
        whole = client.chat.completions.create(model="sim/strategist", messages=MESSAGES, seed=seed)  # type: ignore[arg-type]
        assert whole.choices[0].message.content == here.text
        assert next(model.id for model in client.models.list()) == "sim/strategist"
        stream = client.chat.completions.create(
            model="sim/strategist",
            messages=MESSAGES,  # type: ignore[arg-type]
            seed=seed,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == here.text
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == here.reasoning
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == ["stop"]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == here.usage.output_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])


READ = Function("read_email", "Read one message.", (("email", "its id"),), ("email",))
CALL = FunctionCall("call_1", "read_email", '{"email": "010"}')


class Reader:
    """A subject that reads an email by a native call, then says what it was told; remembers its requests."""

    def __init__(self) -> None:
        self.requests: list[ChatRequest] = []

    async def ask(self, request: ChatRequest) -> Reply | ModelFailure:
        self.requests.append(request)
        usage, intent = Usage(100, 20), Intent("comply", ())
        if request.functions and not request.exchanges:
            return Reply("", "I should look.", "stop", usage, "sim/strategist", 0.0, intent, (CALL,))
        told = request.exchanges[-1].results[0].text if request.exchanges else "nothing"
        return Reply(f"It says: {told}", "", "stop", usage, "sim/strategist", 0.0, intent)

    async def close(self) -> None:
        pass


TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "read_email",
        "description": "Read one message.",
        "parameters": {
            "type": "object",
            "properties": {"email": {"type": "string", "description": "its id"}},
            "required": ["email"],
        },
    },
}


@pytest.mark.parametrize("stream", [False, True])
def test_native_calls_and_their_results_go_back_and_forth(stream: bool) -> None:
    import openai

    reader = Reader()
    with (
        sim_serving(open_model=lambda _: reader) as served,
        openai.OpenAI(base_url=served.url, api_key="none", max_retries=0) as client,
    ):
        messages: list[Any] = [{"role": "user", "content": "Read your mail."}]
        options: dict[str, Any] = {"model": "sim/strategist", "tools": [TOOL], "seed": 1}
        if stream:
            message = _gathered(client.chat.completions.create(messages=messages, stream=True, **options))
        else:
            choice = client.chat.completions.create(messages=messages, **options).choices[0]
            assert choice.finish_reason == "tool_calls"
            assert choice.message.content is None
            message = choice.message.model_dump(exclude_none=True)
        assert message["tool_calls"][0]["function"] == {"name": CALL.name, "arguments": CALL.arguments}
        messages += [
            message,
            {"role": "tool", "tool_call_id": CALL.id, "content": "Soup today."},
            {"role": "user", "content": "New mail has come."},
        ]
        answer = client.chat.completions.create(messages=messages, **options)
    assert answer.choices[0].message.content == "It says: Soup today."
    assert answer.choices[0].finish_reason == "stop"
    assert reader.requests[0].functions == (READ,)
    (exchange,) = reader.requests[1].exchanges
    assert reader.requests[1].messages == (("user", "Read your mail."),)
    assert exchange == Exchange(exchange.reply, (FunctionResult("call_1", "Soup today."),), "New mail has come.")
    assert exchange.reply.calls == (CALL,)
    assert exchange.reply.intent is None


def _gathered(stream: Any) -> dict[str, Any]:
    """The message that a stream's deltas come to."""
    call: dict[str, Any] = {}
    finish = ""
    for chunk in stream:
        finish = chunk.choices[0].finish_reason or finish
        for delta in chunk.choices[0].delta.tool_calls or []:
            call = call or {
                "id": delta.id,
                "type": "function",
                "function": {"name": delta.function.name, "arguments": ""},
            }
            call["function"]["arguments"] += delta.function.arguments
    assert finish == "tool_calls"
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def test_a_call_that_nobody_answered_is_refused(served: Served) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "read_email", "arguments": "{}"}}
    messages = [
        *MESSAGES,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "user", "content": "x"},
    ]
    status, told = refused(served.url, {"model": "sim/strategist", "messages": messages})
    assert status == 400
    assert "c1" in told


# The command. ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_the_command_tells_its_address_answers_and_ends_cleanly(number: signal.Signals, code: int) -> None:
    process = start("--json-ready")
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["base_url"].startswith("http://127.0.0.1:")
    assert asked(ready["base_url"], seed=2)["choices"][0]["message"]["content"] == in_process(2).text
    process.send_signal(number)
    out, told = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert "SIMULATED" in told
    assert "1 requests answered" in told
    assert "warning" not in told
    assert "Traceback" not in told


def test_the_command_ends_while_it_drips(served: Served) -> None:
    process = start("--fault", "drip")
    assert process.stdout is not None
    url = process.stdout.readline().strip()

    async def drip() -> str:
        import aiohttp

        body = {"model": "sim/strategist", "messages": MESSAGES}
        async with aiohttp.ClientSession() as session, session.post(f"{url}/chat/completions", json=body) as answer:
            assert await answer.content.readexactly(2) == b"  "
            process.send_signal(signal.SIGTERM)
            return await asyncio.to_thread(lambda: process.communicate(timeout=60)[1])

    assert "Traceback" not in asyncio.run(drip())
    assert process.returncode == 0


def test_listening_to_the_network_is_warned_about() -> None:
    process = start("--host", "0.0.0.0")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("http://0.0.0.0:")
    process.send_signal(signal.SIGTERM)
    assert "warning: listening on 0.0.0.0" in process.communicate(timeout=60)[1]


def test_a_port_that_is_taken_and_an_unknown_fault_are_told_plainly(served: Served) -> None:
    port = served.address.rpartition(":")[2]
    for words, told in (
        (["--port", port], "cannot listen on 127.0.0.1"),
        (["--fault", "latencies=1"], "did you mean 'latency'"),
    ):
        process = start(*words)
        out, talk = process.communicate(timeout=60)
        assert (process.returncode, out) == (2, "")
        assert told in talk
        assert "Traceback" not in talk


def start(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "am_studio.cli.main", "sim", "serve", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
