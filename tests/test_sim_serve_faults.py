"""Faults on request: each does what it says on the wire, and the same ones come again from the same seed."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from am_studio.foundation.errors import StudioError
from am_studio.models.serving.faults import FAULTS, FaultPlan, parse_faults
from sim_world import Served, get, post, prompt_messages, sim_serving

BODY = {"model": "sim/strategist", "messages": prompt_messages(), "seed": 4}
KEY = "sk-sentinel-0123456789abcdefghij"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with sim_serving() as server:
        yield server


def sent(served: Served, spec: str, **options: Any) -> tuple[int, dict[str, str], bytes]:
    return asyncio.run(post(served.faulty(spec), BODY, **options))


def true_answer(served: Served) -> dict[str, Any]:
    return json.loads(asyncio.run(post(served.url, BODY))[2])


# On the wire. ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 529])
def test_a_status_comes_with_an_error_in_the_format_of_openai(served: Served, status: int) -> None:
    got, headers, body = sent(served, str(status))
    assert got == status
    assert json.loads(body)["error"]["message"]
    assert headers["x-am-studio-simulated"]


def test_a_rate_limit_tells_how_long_to_wait_in_seconds_or_by_date(served: Served) -> None:
    assert sent(served, "429=1:7")[1]["retry-after"] == "7"
    assert sent(served, "503=1:3")[1]["retry-after"] == "3"
    status, headers, _ = sent(served, "429date=1:3600")
    left = (parsedate_to_datetime(headers["retry-after"]) - datetime.now(UTC)).total_seconds()
    assert status == 429
    assert 3000 < left <= 3600


def test_a_refused_key_is_repeated_as_some_providers_do(served: Served) -> None:
    _, _, body = sent(served, "401", headers={"Authorization": f"Bearer {KEY}"})
    assert KEY in json.loads(body)["error"]["message"]


def test_pages_of_a_gateway(served: Served) -> None:
    for spec, status in (("html", 200), ("502", 502)):
        got, headers, body = sent(served, spec)
        assert (got, headers["content-type"].partition(";")[0]) == (status, "text/html")
        assert body.lower().startswith((b"<!doctype html", b"<html"))


def test_a_storm_is_over_after_so_many_requests(served: Served) -> None:
    statuses = [sent(served, "storm=3,seed=1")[0] for _ in range(5)]
    assert statuses == [500, 500, 500, 200, 200]


def test_a_reset_connection_gives_no_answer(served: Served) -> None:
    with pytest.raises(aiohttp.ClientOSError, match="reset"):
        sent(served, "reset")


def test_an_answer_that_is_cut_in_transit_ends_too_early(served: Served) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        sent(served, "cut")


def test_a_truncated_answer_is_whole_to_http_and_half_to_json(served: Served) -> None:
    status, headers, body = sent(served, "truncate")
    assert (status, headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(body)


def test_a_drip_goes_on_until_the_client_leaves(served: Served) -> None:
    async def drink() -> tuple[bytes, bool, int]:
        url = f"{served.faulty('drip')}/chat/completions"
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json=BODY) as answer:
                drops = await answer.content.readexactly(4)
                ended = answer.content.at_eof()
            while (await (await session.get(f"{served.address}/stats")).json())["in_flight"]:
                await asyncio.sleep(0.01)
        return drops, ended, served.server.stats()["in_flight"]

    assert asyncio.run(drink()) == (b"    ", False, 0)


def test_an_answer_without_choices_or_content(served: Served) -> None:
    assert json.loads(sent(served, "nochoices")[2])["choices"] == []
    assert json.loads(sent(served, "null")[2])["choices"][0]["message"]["content"] is None


def test_nul_and_lone_surrogates_stand_around_the_true_text(served: Served) -> None:
    body = sent(served, "nul")[2]
    assert b"\\u0000" in body
    assert b"\\ud800" in body
    text = json.loads(body)["choices"][0]["message"]["content"]
    assert text[2:-2] == true_answer(served)["choices"][0]["message"]["content"]


def test_a_giant_count_of_tokens(served: Served) -> None:
    assert json.loads(sent(served, "giant")[2])["usage"]["completion_tokens"] == 10**30


def test_the_content_filter(served: Served) -> None:
    choice = json.loads(sent(served, "filter")[2])["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("content_filter", "")


def test_json_that_is_too_deep_to_read(served: Served) -> None:
    body = sent(served, "deep")[2]
    assert body.count(b"[") == body.count(b"]") == 200_000
    with pytest.raises(RecursionError):
        json.loads(body)


def test_an_answer_over_eight_mebibytes(served: Served) -> None:
    body = sent(served, "big")[2]
    assert len(body) > 8 << 20
    assert len(json.loads(body)["choices"][0]["message"]["content"]) == 9 << 20


def test_a_bomb_is_small_on_the_wire_and_a_valid_answer_unpacked(served: Served) -> None:
    async def packed(spec: str) -> tuple[str, bytes]:
        url = f"{served.faulty(spec)}/chat/completions"
        async with aiohttp.ClientSession(auto_decompress=False) as session, session.post(url, json=BODY) as answer:
            return answer.headers["Content-Encoding"], await answer.read()

    encoding, small = asyncio.run(packed("gzipbomb=1:12"))
    unpacked = zlib.decompress(small, wbits=31)
    assert encoding == "gzip"
    assert len(small) < 64_000
    assert len(json.loads(unpacked)["choices"][0]["message"]["content"]) == 12 << 20
    assert len(asyncio.run(packed("gzipbomb"))[1]) < 4 << 20


def test_latency_and_a_rate_limit_leave_the_answers_true(served: Served) -> None:
    status, headers, body = sent(served, "latency=0.01,rate=1000000")
    assert status == 200
    assert json.loads(body)["choices"] == true_answer(served)["choices"]
    assert headers["x-ratelimit-limit-requests"] == "60000000"


def test_beyond_a_true_rate_limit_requests_are_refused_until_there_is_room(served: Served) -> None:
    spec = "rate=0.001:2"
    answers = [sent(served, spec) for _ in range(4)]
    assert [status for status, _, _ in answers] == [200, 200, 429, 429]
    assert [headers["x-ratelimit-remaining-requests"] for _, headers, _ in answers] == ["1", "0", "0", "0"]
    refused = answers[2][1]
    assert 900 < float(refused["retry-after"]) <= 1000
    assert 900_000 < float(refused["retry-after-ms"]) <= 1_000_000
    assert refused["x-ratelimit-limit-requests"] == "0"


def test_faults_of_the_server_strike_every_request_and_stats_count_them() -> None:
    with sim_serving("storm=1", "latency=0.02") as server:

        async def burst() -> list[int]:
            return [status for status, _, _ in await asyncio.gather(*(post(server.url, BODY) for _ in range(5)))]

        statuses = asyncio.run(burst())
        _, stats = asyncio.run(get(f"{server.address}/stats"))
    assert sorted(statuses) == [200, 200, 200, 200, 500]
    assert stats["requests"] == 5
    assert stats["by_status"] == {"200": 4, "500": 1}
    assert stats["by_fault"] == {"storm": 1}
    assert 2 <= stats["most_in_flight"] <= 5
    assert stats["in_flight"] == 0


def test_an_unknown_fault_in_a_path_is_refused_and_the_nearest_named(served: Served) -> None:
    status, _, body = sent(served, "latncy=2")
    assert status == 400
    assert "did you mean 'latency'?" in json.loads(body)["error"]["message"]


# Which strike. -------------------------------------------------------------------------------------------------------------------


def names(spec: str, requests: int = 200, seed: int = 0) -> list[str]:
    plan = FaultPlan(parse_faults(spec), seed=seed)
    return [decision.fault.name if decision.fault else "" for decision in (plan.next() for _ in range(requests))]


def test_the_same_seed_gives_the_same_faults_again_and_another_one_others() -> None:
    assert names("500=0.3") == names("500=0.3")
    assert names("500=0.3") != names("500=0.3", seed=1)
    assert names("500=0.3,seed=1") == names("500=0.3", seed=1)
    assert 30 < names("500=0.3").count("500") < 90


def test_one_faults_luck_does_not_shift_anothers_and_the_first_that_strikes_wins() -> None:
    both, second = names("500=0.5,reset=0.5"), names("400=0,reset=0.5")
    assert [name for name in both if name != "500"] == [
        name for name, first in zip(second, both, strict=True) if first != "500"
    ]
    assert "reset" not in names("500,reset")


def test_a_bucket_fills_again_as_time_goes_by() -> None:
    now = [0.0]
    plan = FaultPlan(parse_faults("rate=2:1"), clock=lambda: now[0])
    assert plan.next().fault is None
    refused = plan.next().fault
    assert refused is not None
    assert refused.extra == 0.5
    now[0] = 0.5
    assert plan.next().fault is None


def test_every_fault_can_be_asked_for_in_the_form_that_help_shows() -> None:
    for name, kind in FAULTS.items():
        (fault,) = parse_faults(name if kind.value == "share" else f"{name}=2")
        assert fault.name == name
        if kind.extra:
            (fault,) = parse_faults(f"{name}=1:3")
            assert (fault.value, fault.extra) == (1.0, 3.0)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("resett", "no fault 'resett'"),
        ("latency", "needs a value"),
        ("latency=fast", "not 'fast'"),
        ("500=1.5", "not '1.5'"),
        ("500=nan", "not 'nan'"),
        ("500=-1", "not '-1'"),
        ("500=0.1:2", "takes one value"),
        ("rate=0", "more than 0"),
        ("storm=1.5", "not '1.5'"),
        ("429=0.1:", "not ''"),
        ("gzipbomb=1:99999", "not '99999'"),
    ],
)
def test_a_wrong_fault_is_told_plainly(spec: str, told: str) -> None:
    with pytest.raises(StudioError, match=told):
        parse_faults(spec)
