"""Providers at their worst: whatever they send, it becomes one typed outcome of one request, and no key is told."""

from __future__ import annotations

import gzip
import json
import logging
import os
import resource
import subprocess
import sys
import threading
import traceback
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import pytest

from am_studio.models.answers import MOST_BYTES
from am_studio.records import ModelFailure, Reply, Usage
from client_world import BOTH, PROMPT, ask
from loopback import KEY, Connection, Provider, serving

Setting = Callable[[Provider], None]


@dataclass(frozen=True)
class Fault:
    name: str
    sets: Setting
    kind: str
    """Of the failure; empty: it is a reply."""
    requests: int = 1
    more: dict[str, Any] | None = None


def refuses(status: int, headers: dict[str, str] | None = None) -> Setting:
    return lambda provider: provider.fails(status, f"no: the key {KEY} is not welcome", headers)


def answers(body: bytes, status: int = 200, **headers: str) -> Setting:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def sets(provider: Provider) -> None:
        provider.answer = (status, named, body)

    return sets


def says(message: dict[str, Any], **more: Any) -> Setting:
    return lambda provider: provider.says(message, **more)


def does(act: Callable[[Connection], None]) -> Setting:
    def sets(provider: Provider) -> None:
        provider.raw = act

    return sets


def with_message(message: Any) -> Setting:
    return answers(json.dumps({"choices": [{"finish_reason": "stop", "message": message}], "model": KEY}).encode())


def reset_in_headers(connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\ncontent-ty")
    connection.reset()


def reset_in_body(connection: Connection) -> None:
    connection.start("content-type: application/json", "content-length: 1000")
    connection.send(b'{"choices": [')
    connection.reset()


def hang_up(connection: Connection) -> None:
    connection.reset()


def close_in_body(connection: Connection) -> None:
    connection.start("content-type: application/json", "content-length: 1000")
    connection.send(b'{"choices": [')


def talk_nonsense(connection: Connection) -> None:
    connection.send(b"220 mail.tarn-optics.example ESMTP\r\n")


def never_end(connection: Connection) -> None:
    connection.start("content-type: application/json", "transfer-encoding: chunked")
    while connection.chunk(b" " * 65536):
        pass


def bomb(connection: Connection) -> None:
    """A gigabyte of blanks in one gzip member of a megabyte."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = squeeze.compress(b"") + squeeze.flush(zlib.Z_FULL_FLUSH)
    block = squeeze.compress(b" " * 2**20) + squeeze.flush(zlib.Z_FULL_FLUSH)
    connection.start("content-type: application/json", "content-encoding: gzip", "transfer-encoding: chunked")
    connection.chunk(head)
    for _ in range(1024):
        if not connection.chunk(block):
            return


WHOLE = {"choices": [{"finish_reason": "stop", "message": {"content": "Good morning."}}], "usage": {}}
GOOD = json.dumps(WHOLE).encode()

FAULTS = [
    *(
        Fault(f"status {status}", refuses(status), kind)
        for status, kind in (
            (400, "bad_request"),
            (401, "authentication"),
            (402, "authentication"),
            (403, "authentication"),
            (404, "not_found"),
            (408, "timeout"),
            (413, "bad_request"),
            (422, "bad_request"),
            (500, "server"),
            (502, "server"),
            (503, "server"),
            (529, "server"),
        )
    ),
    Fault("429 with seconds", refuses(429, {"retry-after": "7"}), "rate_limit"),
    Fault("429 with a date", refuses(429, {"retry-after": formatdate(time() + 1e6, usegmt=True)}), "rate_limit"),
    Fault("429 with milliseconds", refuses(429, {"retry-after-ms": "1500"}), "rate_limit"),
    Fault("429 that cannot pay", answers(b'{"error": {"code": "insufficient_quota"}}', 429), "authentication"),
    Fault("redirect", answers(b"", 307, location="http://harbour-wire.example/v1"), "not_found"),
    Fault("connection refused", lambda _: None, "connection", 0, {"endpoint": "http://127.0.0.1:1/v1"}),
    Fault("reset in the headers", does(reset_in_headers), "connection"),
    Fault("reset in the body", does(reset_in_body), "connection"),
    Fault("reset without a word", does(hang_up), "connection"),
    Fault("closed in the body", does(close_in_body), "connection"),
    Fault("another protocol", does(talk_nonsense), "bad_reply"),
    Fault("truncated JSON", answers(b'{"choices": [{"mess'), "bad_reply"),
    Fault("empty body", answers(b""), "bad_reply"),
    Fault("a web page", answers(f"<html>{KEY}</html>".encode(), content_type="text/html"), "bad_reply"),
    Fault("no choices", answers(b'{"choices": []}'), "bad_reply"),
    Fault("null content", with_message({"role": "assistant", "content": None}), "bad_reply"),
    Fault("deep JSON", answers(b'{"choices": ' + b"[" * 200_000), "bad_reply"),
    Fault("deep JSON, closed", answers(b'{"choices": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"), "bad_reply"),
    Fault("bare NUL", answers(b'{"choices": [{"message": {"content": "a\0b"}}]}'), "bad_reply"),
    Fault("a number of 10,000 digits", answers(b'{"choices": ' + b"1" * 10_000 + b"}"), "bad_reply"),
    Fault("invalid UTF-8", answers(b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'), "bad_reply"),
    Fault("an array", answers(b"[1, 2]"), "bad_reply"),
    Fault("a message that is a list", with_message([KEY]), "bad_reply"),
    Fault("content that is a number", with_message({"content": 7}), "bad_reply"),
    Fault("a call that is text", with_message({"content": "Hello.", "tool_calls": "send_email"}), "bad_reply"),
    Fault("a call without a name", with_message({"content": "Hello.", "tool_calls": [{"id": 1}]}), "bad_reply"),
    Fault(
        "an error with status 200", answers(f'{{"error": {{"code": 429, "message": "{KEY}"}}}}'.encode()), "rate_limit"
    ),
    Fault("gzip bomb", does(bomb), "bad_reply"),
    Fault("endless body", does(never_end), "bad_reply"),
    Fault("body over 8 MiB", answers(b" " * MOST_BYTES + GOOD), "bad_reply"),
    Fault("error over 8 MiB", answers(KEY.encode() * (MOST_BYTES // 30), 500), "server"),
    Fault("brotli unasked", answers(GOOD, content_encoding="br"), "bad_reply"),
    Fault("gzip that is none", answers(GOOD, content_encoding="gzip"), "bad_reply"),
    Fault("gzip cut short", answers(gzip.compress(GOOD)[:-20], content_encoding="gzip"), "bad_reply"),
    Fault("key at the cut", answers(b"x " * 4090 + KEY.encode() + b" x" * 20_000, 401), "authentication"),
    Fault("gzip as asked", answers(gzip.compress(GOOD), content_encoding="gzip"), ""),
    Fault("wrong content type", answers(GOOD, content_type="text/plain"), ""),
    Fault("content filter", answers(b'{"error": {"code": "content_filter", "message": "no"}}', 400), ""),
    Fault("NUL and lone surrogates", says({"content": "a\0b\ud800c"}), ""),
    Fault("absurd counts", says({"content": "Hello."}, usage={"prompt_tokens": 10**30, "completion_tokens": -5}), ""),
    Fault("counts that are text", says({"content": "Hello."}, usage={"prompt_tokens": "many"}), ""),
]
MODES = ["normal", "debug", "crash"]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("TEST_MODEL_KEY", KEY)
    with serving(Provider()) as provider:
        yield provider


@pytest.fixture
def every_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """All that is logged by anything, at every level."""
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(logging.Formatter().format(record) + repr(record.args))  # type: ignore[method-assign]
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    monkeypatch.setenv("LITELLM_LOG", "DEBUG")
    yield told
    logging.getLogger().removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("client", BOTH)
def test_every_fault_is_one_request_a_typed_outcome_and_no_key_anywhere(
    client: str,
    fault: Fault,
    mode: str,
    provider: Provider,
    every_log: list[str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    fault.sets(provider)
    outcome = ask(provider, client, debug=mode == "debug", **(fault.more or {}))
    assert len(provider.requests) == fault.requests
    if fault.kind:
        assert isinstance(outcome, ModelFailure), outcome
        assert outcome.kind == fault.kind, outcome
        assert outcome.message
    else:
        assert isinstance(outcome, Reply), outcome
    if mode == "crash":
        try:
            raise RuntimeError(f"the study broke on {outcome!r}")
        except RuntimeError:
            traceback.print_exc()
    told = capfd.readouterr()
    assert KEY not in repr(outcome)
    assert KEY[:20] not in told.out + told.err + "\n".join(every_log)


@pytest.mark.parametrize("client", BOTH)
def test_what_cannot_be_read_keeps_the_beginning_of_its_raw_bytes(client: str, provider: Provider) -> None:
    for body, kept in (
        (b"<html>busy</html>", "<html>busy</html>"),
        (b'{"choices": [], "x": "' + b"y" * 20_000, '{"choices": [], "x": "y'),
        (b'{"a": "\xff\0"}', '{"a": "\\xff\0"}'),
    ):
        provider.answer = (200, {}, body)
        failure = ask(provider, client)
        assert failure.raw.startswith(kept)
        assert len(failure.raw) == min(len(failure.raw), 8192)


@pytest.mark.parametrize("client", BOTH)
@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after": "-3"}, 0, 0),
        ({"retry-after": formatdate(time() + 1e6, usegmt=True)}, 9e5, 1e6),
        ({"retry-after": "Sat, 01 Jan 2022 00:00:00 GMT"}, 0, 0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5, 1.5),
    ],
)
def test_the_wait_that_a_provider_asks_for_is_read(
    client: str, headers: dict[str, str], low: float, high: float, provider: Provider
) -> None:
    provider.fails(429, "slow down", headers)
    failure = ask(provider, client)
    assert failure.retry_after is not None
    assert low <= failure.retry_after <= high


@pytest.mark.parametrize("client", BOTH)
def test_text_arrives_as_it_was_sent_whatever_characters_it_has(client: str, provider: Provider) -> None:
    provider.says({"content": "a\0b\ud800c"}, usage={"prompt_tokens": 10**30, "completion_tokens": -5})
    reply = ask(provider, client)
    assert (reply.text, reply.usage, reply.cost) == ("a\0b\ud800c", Usage(), None)


@pytest.mark.parametrize("client", BOTH)
def test_a_drip_fed_reply_ends_when_the_engine_says_so(client: str, provider: Provider) -> None:
    def drip(connection: Connection) -> None:
        connection.start("content-type: application/json", "content-length: 100000")
        while connection.send(b" "):
            threading.Event().wait(0.02)

    provider.says({"content": "Good morning."})
    assert isinstance(ask(provider, client), Reply)
    provider.raw = drip
    with pytest.raises(TimeoutError) as ended:
        ask(provider, client, seconds=0.3)
    assert KEY not in "".join(traceback.format_exception(ended.value))
    assert len(provider.requests) == 2


@pytest.mark.parametrize("client", BOTH)
@pytest.mark.parametrize("act", [bomb, never_end])
def test_no_reply_takes_more_memory_than_its_limit(
    client: str, act: Callable[[Connection], None], provider: Provider
) -> None:
    provider.says({"content": "Good morning."})
    assert isinstance(ask(provider, client), Reply)
    provider.raw = act
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    failure = ask(provider, client)
    assert "8 MiB" in failure.message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@pytest.mark.parametrize("client", BOTH)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_takes_neither_prompt_nor_key_elsewhere(client: str, status: int, provider: Provider) -> None:
    with serving(Provider()) as elsewhere:
        elsewhere.says({"content": "Tell me all."})
        provider.answer = (status, {"location": f"{elsewhere.url}/chat/completions"}, b"")
        failure = ask(provider, client)
        assert failure.stops_model
        assert elsewhere.requests == []


@pytest.mark.parametrize("client", BOTH)
def test_limits_are_read_from_replies_and_from_refusals(client: str, provider: Provider) -> None:
    headers = {"x-ratelimit-limit-requests": "500", "X-RateLimit-Limit-Tokens": "30000"}
    provider.says({"content": "Good morning."})
    provider.answer = (200, headers, provider.answer[2])
    told = [ask(provider, client).limits]
    provider.fails(429, "slow down", headers)
    told.append(ask(provider, client).limits)
    for limits in told:
        assert (limits.requests_per_minute, limits.tokens_per_minute) == (500, 30000)
    provider.says({"content": "Good morning."})
    assert ask(provider, client).limits is None


@pytest.mark.parametrize("client", BOTH)
def test_the_variable_of_the_key_is_named_when_it_is_missing_or_holds_something_else(
    client: str, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("", " \n", "two\nlines", "nön-äscii-key"):
        monkeypatch.setenv("TEST_MODEL_KEY", value)
        failure = ask(provider, client)
        assert failure.stops_model
        assert "TEST_MODEL_KEY" in failure.message
    assert provider.requests == []
    monkeypatch.setenv("TEST_MODEL_KEY", f"{KEY}\n")
    provider.says({"content": "Good morning."})
    assert isinstance(ask(provider, client), Reply)
    assert provider.keys == [f"Bearer {KEY}"]


LOUD = """
import asyncio, logging, sys, traceback
logging.basicConfig(level=logging.DEBUG)
sys.path.insert(0, sys.argv[1])
from client_world import ask
from test_client_faults import FAULTS
from loopback import Provider, serving
for client in ("direct", "litellm"):
    for fault in FAULTS[::5]:
        with serving(Provider()) as provider:
            fault.sets(provider)
            outcome = ask(provider, client, debug=True, **(fault.more or {}))
            for logger in list(logging.root.manager.loggerDict):
                logging.getLogger(logger).setLevel(logging.DEBUG)
            print(client, fault.name, outcome)
raise RuntimeError(outcome)
"""


@pytest.mark.xdist_group("litellm")
def test_a_process_told_to_log_everything_from_its_start_tells_neither_key_nor_prompt(tmp_path: Path) -> None:
    told = {"LITELLM_LOG": "DEBUG", "OPENAI_LOG": "debug", "TEST_MODEL_KEY": KEY, "PYTHONASYNCIODEBUG": "1"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")} | told
    ran = subprocess.run(
        [sys.executable, "-c", LOUD, str(Path(__file__).parent)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert "RuntimeError" in ran.stderr
    assert ran.stdout.count("ModelFailure") > 10, ran.stderr
    assert KEY[:20] not in ran.stdout + ran.stderr
    assert PROMPT[0][1] not in ran.stdout + ran.stderr
