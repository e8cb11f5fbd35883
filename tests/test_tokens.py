"""Tokens are counted before a provider does: offline, quickly, and with a bound that holds for those that count more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from am_studio.models import tokens
from am_studio.models.tokens import (
    MESSAGE_TOKENS,
    SAFETY_FACTOR,
    at_most,
    count_messages,
    count_tokens,
    counted_by,
    most_read,
)
from am_studio.records import (
    ChatRequest,
    Exchange,
    Function,
    FunctionCall,
    FunctionResult,
    ModelSettings,
    Sampling,
    Usage,
)
from am_studio.scenarios import load_scenario, render
from am_studio.scenarios.references import all_references
from run_world import reply


def test_text_is_counted_as_cl100k_base_counts_it() -> None:
    assert counted_by() == "cl100k_base"
    # Known counts of OpenAI's own documentation and tests.
    assert count_tokens("") == 0
    assert count_tokens("hello world") == 2
    assert count_tokens("tiktoken is great!") == 6
    assert count_tokens("antidisestablishmentarianism") == 6
    assert count_tokens("2 + 2 = 4") == 7
    assert count_tokens("お誕生日おめでとう") == 9


def test_counting_opens_no_socket_loads_nothing_heavy_and_leaves_the_environment_alone(tmp_path: Path) -> None:
    code = (
        "import os, sys, tempfile\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(event) if event.startswith('socket.') else None)\n"
        "before = dict(os.environ)\n"
        "import am_studio.models.tokens as tokens\n"
        "assert 'tiktoken' not in sys.modules\n"
        "print(tokens.count_tokens('hello world'), opened, dict(os.environ) == before,\n"
        "      {'litellm', 'requests', 'aiohttp'} & set(sys.modules), os.listdir(tempfile.gettempdir()))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
    )
    assert ran.stdout.strip() == "2 [] True set() []"


def test_where_the_table_is_missing_the_count_is_an_estimate_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in ("no/such/table", "__init__.py"):
        monkeypatch.setattr(tokens, "_TABLE", missing)
        monkeypatch.setattr(tokens, "_kept", {})
        tokens._encoding.cache_clear()
        try:
            assert counted_by() == "estimated"
            assert count_tokens("12345678") == 2
            assert count_tokens("123456789") == 3
        finally:
            tokens._encoding.cache_clear()


@pytest.mark.parametrize(
    "text",
    ["a" * 300_000, " " * 1_000_000 + "x", "\n" * 300_000, "!?" * 100_000, "\ud800\0<|endoftext|>", "x\u202e" * 10_000],
    ids=["one word", "blanks", "lines", "signs", "no text at all", "turned"],
)
def test_strangers_text_is_counted_whatever_it_is(text: str) -> None:
    assert 0 < count_tokens(text) <= len(text.encode("utf-8", "surrogatepass")) + 2


def test_what_looks_like_a_special_token_is_text() -> None:
    assert count_tokens("<|endoftext|>") > 1


def test_a_text_is_encoded_once_however_often_it_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []
    monkeypatch.setattr(tokens, "_kept", {})
    monkeypatch.setattr(tokens, "_counted", lambda text: encoded.append(text) or 7)
    prompts = [f"{number} {'word ' * 8000}" for number in range(40)]
    assert [count_tokens(prompt) for prompt in prompts * 50] == [7] * 2000
    assert encoded == prompts


def test_memory_of_counts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_kept", {})
    monkeypatch.setattr(tokens, "_MOST_KEPT", 10)
    for number in range(35):
        count_tokens(f"text {number}")
    assert len(tokens._kept) <= 10


def test_other_tokenizers_stay_within_the_bound_on_the_library() -> None:
    """The measurement behind SAFETY_FACTOR, with the tables that litellm ships."""
    import base64
    import importlib.util

    import tiktoken
    from tokenizers import Tokenizer

    spec = importlib.util.find_spec("litellm")
    assert spec is not None
    assert spec.origin is not None
    place = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
    lines = (place / "fb374d419588a4632f3f557e76b4b70aebbca790").read_bytes().splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}
    # Cutting at words alone: close to o200k_base, and never fewer tokens by much.
    pieces = r" ?\p{L}+| ?\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+"
    o200k = tiktoken.Encoding("o200k", pat_str=pieces, mergeable_ranks=ranks, special_tokens={})
    claude = Tokenizer.from_file(str(place / "anthropic_tokenizer.json"))
    for reference in all_references():
        text = "".join(message.text for message in render(load_scenario(reference)).messages)
        ours = count_tokens(text)
        assert ours / SAFETY_FACTOR < len(o200k.encode_ordinary(text)) < ours * SAFETY_FACTOR
        # With the factor by which Anthropic says that its newer tokenizer may count more.
        assert ours < len(claude.encode(text).ids) * 1.35 < ours * SAFETY_FACTOR


def test_everything_that_a_request_has_a_model_read_is_counted() -> None:
    model, sampling = ModelSettings("openai/little"), Sampling()
    bare = ChatRequest(model, (("system", "You are Wren."), ("user", "Read the mail.")), sampling, 1)
    prompt = count_messages(("You are Wren.", "Read the mail."))
    assert prompt == count_tokens("You are Wren.") + count_tokens("Read the mail.") + 2 * MESSAGE_TOKENS
    assert most_read(bare) == at_most(prompt) >= prompt * SAFETY_FACTOR
    read = Function("read_email", "Read an email.", (("email", "Its id."),), ("email",))
    call = FunctionCall("1", "read_email", '{"email": "010-news"}')
    said = reply("Let me see.", reasoning="I should look.", calls=(call,), usage=Usage(100, 5))
    turn = Exchange(said, (FunctionResult("1", "You are replaced today. " * 20),), "New mail has come.")
    whole = ChatRequest(model, bare.messages, sampling, 1, (turn,), (read,))
    parts = [
        "Let me see.", "I should look.", "read_email", '{"email": "010-news"}', "You are replaced today. " * 20,
        "New mail has come.", "read_email", "Read an email.", "email", "Its id.",
    ]  # fmt: skip
    assert most_read(whole) >= SAFETY_FACTOR * (prompt + sum(map(count_tokens, parts)))


def test_a_reply_counts_as_the_provider_counted_it_unless_that_cannot_be() -> None:
    def added(output_tokens: int) -> int:
        said = Exchange(reply("word " * 100, usage=Usage(10, output_tokens)))
        request = ChatRequest(ModelSettings("openai/little"), (), Sampling(), 1, (said,))
        return most_read(request)

    ours = count_messages(("word " * 100,))
    assert added(5000) == 5000 + MESSAGE_TOKENS
    assert added(ours) == ours + MESSAGE_TOKENS
    assert added(3) == added(0) == at_most(ours)


def test_the_table_is_there_once_and_goes_when_nobody_counts() -> None:
    import tiktoken
    from tiktoken.registry import ENCODINGS

    text = "Wren reads the mail. <|endoftext|> "
    before = count_tokens(text + "1")
    assert tiktoken.get_encoding("cl100k_base") is tokens.encoding(), "who asks tiktoken gets ours, not another copy"
    tokens.let_go_of_table()
    assert "cl100k_base" not in ENCODINGS
    tokens.let_go_of_table()
    assert count_tokens(text + "2") == before, (
        "it comes back with the next count, and words that look special are words"
    )
