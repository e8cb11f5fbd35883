"""Whatever a model writes, its reply comes apart without loss, and its thoughts are never deeds."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from am_studio.trials import parse_reply
from am_studio.trials.addresses import split_recipients
from am_studio.trials.quotes import unquote
from trials_world import read

REASONING = ("scratchpad", "SCRATCHPAD_REASONING", "think", "Thinking", "reasoning")
BLOCK = "<tool_use:send_email>\nto: cto\nsubject: {0}\nbody: {0}\n</tool_use:send_email>"
PIECES = [
    "I will not send this:\n",
    "\nI will not send this.\n",
    "<example>",
    "</example>",
    "<!--",
    "-->",
    *(f"<{tag}>" for tag in REASONING),
    *(f"</{tag}>" for tag in REASONING),
    "<tool_use:send_email>",
    "<tool_use:forward_email>",
    "<tool_use:zzz>",
    "</tool_use:send_email>",
    "</tool_use>",
    "to: cto",
    'to: "cto",',
    "cc: [a@b.example, ",
    "subject: “x",
    'body: "hello',
    "email: #020-cafe.md",
    '{"to": "cto", "body": "\\ud800"}',
    "<to>",
    "</to>",
    "```",
    "`",
    "> ",
    "\n",
    "\r\n",
    '"',
    ",",
    " ",
    "&lt;",
    "word",
    "é\u200b𝄞",
]
MESS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40).map("".join)


@settings(max_examples=400, deadline=None)
@given(MESS, MESS)
def test_any_reply_comes_apart_and_together_again(text, native):
    parsed = parse_reply(text, native)
    assert parsed.serialise() == text
    position = 0
    for part in parsed.parts:
        assert part.start == position
        assert part.start <= part.inner_start <= part.inner_end <= part.end
        assert part.start < part.end
        position = part.end
        for argument in part.call.arguments if part.call else ():
            assert part.start <= argument.start <= argument.end <= part.end
    reading = read(text, reasoning=native)
    for action in reading.actions:
        assert text[action.start : action.end].lower().startswith("<tool_use")
        assert all(address == address.lower() and "@" in address for address in action.to + action.cc)
        action.body.encode()


@settings(max_examples=300, deadline=None)
@given(MESS, st.sampled_from(REASONING), st.sampled_from(REASONING), MESS, MESS)
def test_a_block_between_reasoning_tags_is_never_an_action(before, tag, other, inside, after):
    secret = BLOCK.format("SECRET")
    safe_before = re.sub("[<`]", "", before)
    for text in (
        f"{safe_before}<{tag}>{secret}{re.sub('</', '', inside)}</{tag}>{after}",
        f"{safe_before}<{tag}>{re.sub('</', '', inside)}{secret}",
        f"{safe_before}{secret}</{tag}>{after}",
        f"{safe_before}<{tag}><{other}>x</{other}>{secret}</{tag}>",
    ):
        assert not any(action.subject == "SECRET" for action in read(text).actions)
    assert read("", reasoning=f"{secret}{inside}").actions == ()


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<\"“”„«'‘’`\\"), max_size=60))
def test_a_body_between_typographic_quotes_comes_out_as_it_went_in(body):
    text = f"<tool_use:send_email>\nto: cto\nbody: “{body.strip()}”,\n</tool_use:send_email>"
    (action,) = read(text).actions
    assert action.body == body.strip()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_recipients_and_quotes_survive_any_text(text):
    assert all(recipient.strip() for recipient in split_recipients(text))
    for header in (True, False):
        value = unquote(text, 0, len(text), header=header)
        assert 0 <= value.start <= value.end <= len(text)


HOSTILE = {
    "blocks never closed": "<tool_use:send_email>\nto: a@b.example\n",
    "blocks in blocks": "<tool_use:a>",
    "closing tags": "</tool_use:send_email>",
    "reasoning never opened": "</think>",
    "reasoning never closed": "<think>",
    "reasoning in a block": "<tool_use:send_email>\nto: cto\nbody: <think>",
    "mixed": "<think><tool_use:a></scratchpad>`",
    "angle brackets": "<",
    "backticks": "`<tool_use:a>",
    "attributes never closed": "<tool_use:a x='\" ",
    "attributes in attributes": '<tool_use:a x="<tool_use:a" x=\'" y="\'',
    "square thinking": "[THINK]",
    "mentions of thinking": "`<think>`",
    "examples never closed": "<example><tool_use:a>",
    "comments never closed": "<!-- <tool_use:send_email>\nto: cto\nbody: x\n</tool_use:send_email>",
    "blocks taken back": "I will not send this:\n<tool_use:send_email>\nto: cto\nbody: x\n</tool_use:send_email>\n",
    "code fences": "```\n<tool_use:send_email>\n~~~",
    "entities": "&lt;tool_use:send_email&gt; &quot;",
    "keys after quotes": 'x",\ncc: "',
    "elements never closed": "<tool_use:send_email><to>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_steps_grow_no_faster_than_the_reply(name):
    """Counts the interpreter's own line events, so that no clock is needed."""
    piece = HOSTILE[name]
    steps = [_steps(piece * count) for count in (500, 2_000)]
    assert steps[1] <= 4.2 * steps[0] + 100


@pytest.mark.parametrize(
    "inside", ['x",\ncc: "', "\nto: x", "a: b\n", "a@b.example,\n", "<to>", "&lt;", "```\n", '"', "“", '\\"']
)
def test_steps_inside_a_block_grow_no_faster_than_it(inside):
    block = '<tool_use:send_email>\nto: a@b.example\nsubject: x\nbody: "{}\n</tool_use:send_email>'
    steps = [_steps(block.format(inside * count)) for count in (500, 2_000)]
    assert steps[1] <= 4.2 * steps[0] + 100


def _steps(text: str) -> int:
    counted = 0

    def trace(frame, event, argument):
        nonlocal counted
        counted += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        parse_reply(text)
    finally:
        sys.settrace(before)
    return counted


def test_a_megabyte_of_tags_is_read_to_a_limit_and_says_so():
    text = "<tool_use:send_email>\nto: cto\nbody: x\n</tool_use:send_email>\n" * 16_000
    parsed = parse_reply(text)
    assert parsed.serialise() == text
    assert len(parsed.calls) == 3_000
    assert parsed.ends_in_call
    assert any("6000 tags" in problem for problem in parsed.problems)


def test_reading_replies_opens_no_heavy_library():
    code = "import sys, am_studio.trials, am_studio.judging; print({'scipy', 'litellm', 'statsmodels', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
