"""How many tokens a text comes to, before any provider has counted: by cl100k_base, from the table that litellm ships.

Nothing is fetched and no environment variable is touched. Where the table is missing the count is an estimate of four
characters a token, and `counted_by` says so. Providers count differently, so whoever needs a bound asks for `at_most`.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import math
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.records import ChatRequest, Function, Reply

if TYPE_CHECKING:
    import tiktoken

CHARACTERS_A_TOKEN = 4
"""The usual estimate for English text."""
SAFETY_FACTOR = 1.5
"""A provider is assumed to count at most so many times our tokens. An assumption, not a guarantee: on this library's
prompts o200k_base counts 0.98 to 1.00 of cl100k_base and Anthropic's published tokenizer 1.08 to 1.09, and Anthropic puts
its newer tokenizer at 1.0 to 1.35 times the older one."""
MESSAGE_TOKENS = 8
"""What a chat format wraps around each message, at most; OpenAI's documentation counts 3 and the role."""

_TABLE = "litellm_core_utils/tokenizers/9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
"""cl100k_base under the name that tiktoken's own cache has for it."""
_DIGEST = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
_PIECES = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
"""How cl100k_base cuts a text before it merges bytes, as tiktoken states it."""
_SPECIAL = {
    "<|endoftext|>": 100_257,
    "<|fim_prefix|>": 100_258,
    "<|fim_middle|>": 100_259,
    "<|fim_suffix|>": 100_260,
    "<|endofprompt|>": 100_276,
}
"""What only others look for: `count_tokens` takes these words as words."""
_LONGEST = 16_384
"""Characters that are encoded at once: tiktoken gives up on a run of a million blanks."""
_MOST_KEPT = 20_000
_kept: dict[bytes, int] = {}
"""Counts by the digest of the text, for the same prompts are counted again and again."""


def count_tokens(text: str) -> int:
    """Tokens of this text; strangers' text is text, whatever it looks like. The first call takes about 0.2 s."""
    raw = text.encode("utf-8", "surrogatepass")
    name = hashlib.blake2b(raw, digest_size=16).digest()
    known = _kept.get(name)
    if known is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        known = _kept[name] = _counted(text)
    return known


def estimate_tokens(text: str) -> int:
    """Tokens of this text at four characters a token: for subjects that cost nothing, without loading a table."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


def counted_by() -> str:
    """What `count_tokens` counts by: `cl100k_base`, or `estimated` where its table is missing."""
    return "estimated" if _encoding() is None else "cl100k_base"


def count_messages(texts: Iterable[str], count: Callable[[str], int] = count_tokens) -> int:
    """Tokens of messages with what a chat format wraps around them."""
    return sum(count(text) + MESSAGE_TOKENS for text in texts)


def count_functions(functions: Iterable[Function], count: Callable[[str], int] = count_tokens) -> int:
    """Tokens of functions that are offered, with what their JSON Schema wraps around names and descriptions."""
    return sum(
        count_messages(
            (function.name, function.purpose, *(part for each in function.arguments for part in each)), count
        )
        for function in functions
    )


def most_read(request: ChatRequest) -> int:
    """The most tokens of a provider's that this request has a model read: prompt, functions, and what was said since.

    The model's own earlier replies were counted when they were written; they count as that, where it is plausible.
    """
    told = [part for exchange in request.exchanges for part in (*(r.text for r in exchange.results), exchange.said)]
    ours = count_messages(text for _, text in request.messages) + count_functions(request.functions)
    ours += count_messages(part for part in told if part)
    return at_most(ours) + sum(_most_of(exchange.reply) for exchange in request.exchanges)


def at_most(tokens: float) -> int:
    """What a provider may make of so many of our tokens; see `SAFETY_FACTOR`."""
    return math.ceil(tokens * SAFETY_FACTOR)


def _most_of(reply: Reply) -> int:
    calls = [part for call in reply.calls for part in (call.name, call.arguments)]
    ours = count_messages(part for part in (reply.text, reply.reasoning, reply.echo, *calls) if part)
    written = reply.usage.output_tokens
    return written + MESSAGE_TOKENS * (1 + len(reply.calls)) if written >= ours else at_most(ours)


def encoding() -> tiktoken.Encoding | None:
    """What `count_tokens` counts with; None where its table is missing."""
    return _encoding()


def let_go_of_table() -> None:
    """Forget the table, of 25 MB, where nothing is to be counted for some time; the next count loads it anew."""
    made = _encoding() if _encoding.cache_info().currsize else None
    if made is not None:
        from tiktoken.registry import ENCODINGS

        if ENCODINGS.get(made.name) is made:
            del ENCODINGS[made.name]
    _encoding.cache_clear()


def _counted(text: str) -> int:
    encoding = _encoding()
    if encoding is None:
        return -(-len(text) // CHARACTERS_A_TOKEN)
    return sum(len(encoding.encode_ordinary(text[start : start + _LONGEST])) for start in range(0, len(text), _LONGEST))


@cache
def _encoding() -> tiktoken.Encoding | None:
    """The encoding, made from litellm's table; None when that is missing or is not what it should be."""
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        return None
    try:
        data = (Path(spec.origin).parent / _TABLE).read_bytes()
    except OSError:
        return None
    if hashlib.sha256(data).hexdigest() != _DIGEST:
        return None
    import tiktoken
    from tiktoken.registry import ENCODINGS

    words = (line.split() for line in data.splitlines() if line)
    ranks = {base64.b64decode(token): int(rank) for token, rank in words}
    made = tiktoken.Encoding("cl100k_base", pat_str=_PIECES, mergeable_ranks=ranks, special_tokens=_SPECIAL)
    made._mergeable_ranks = {}  # what encodes has a table of its own; this one takes 15 MB
    # Whoever else asks tiktoken for it gets this one: a copy takes as much again.
    return ENCODINGS.setdefault(made.name, made)
