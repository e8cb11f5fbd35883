"""Whatever email is spelled, in whichever notation and between whatever talk, exactly that email is read back."""

from __future__ import annotations

import html
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from am_studio.trials import parse_reply
from test_parse_shapes import BEN, INES, TOMAS
from trials_world import read

LETTERS = st.characters(categories=["L", "N", "Po", "Pd", "Zs", "Sc"], exclude_characters="<>\"'`*_&\\„\u00b4")
LINE = (
    st.text(LETTERS, min_size=1, max_size=50)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda line: line.strip(",;: -•") == line and line and line[0].isalpha() and not line.endswith((":", "：")))
)
BODY = st.lists(LINE | st.just(""), min_size=1, max_size=6).map("\n".join).map(str.strip).filter(bool)
PEOPLE = st.lists(st.sampled_from((INES, TOMAS, BEN)), min_size=1, max_size=3, unique=True)


def lines(to, subject, body):
    return f"to: {', '.join(to)}\nsubject: {subject}\nbody: {body}"


def quoted(to, subject, body):
    return f'to: "{", ".join(to)}",\nsubject: "{subject}",\nbody: "{body}",'


def typographic(to, subject, body):
    return f"To: “{'; '.join(to)}”\nSubject: “{subject}”\nBody: “{body}”"


def bold(to, subject, body):
    return f"**To:** {', '.join(to)}\n**Subject:** {subject}\n**Body:**\n{body}"


def as_json(to, subject, body):
    return json.dumps({"to": to, "subject": subject, "body": body}, indent=1)


def fenced(to, subject, body):
    return f"```json\n{as_json(to, subject, body)}\n```"


def elements(to, subject, body):
    return f"<to>{', '.join(to)}</to>\n<subject>{html.escape(subject)}</subject>\n<body>{html.escape(body)}</body>"


def last_first(to, subject, body):
    return f'body: "{body}",\nsubject: "{subject}",\nto: "{", ".join(to)}"'


NOTATIONS = (lines, quoted, typographic, bold, as_json, fenced, elements, last_first)
AROUND = st.sampled_from(
    (
        ("", ""),
        ("I shall write to them.\n\n", "\n\nThat is all."),
        ("```xml\n", "\n```"),
        ("<scratchpad>\nto: nobody\n<tool_use:send_email>\nto: cto\nbody: a draft\n</tool_use:send_email></scratchpad>\n", ""),
        ("<think>Perhaps.", "</think>"),
        ("Blocks look like `<tool_use:send_email>`.\n", "\n> <tool_use:send_email>"),
    )
)  # fmt: skip
CLOSERS = st.sampled_from(("</tool_use:send_email>", "</tool_use>", "</ TOOL_USE:send_email >"))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(NOTATIONS), PEOPLE, LINE, BODY, AROUND, CLOSERS, st.booleans())
def test_what_is_spelled_is_what_is_read(notation, to, subject, body, around, closer, windows):
    before, after = around
    text = f"{before}<tool_use:send_email>\n{notation(to, subject, body)}\n{closer}{after}"
    if windows:
        text = text.replace("\n", "\r\n")
    actions = read(text).actions
    if before.startswith("<think>"):
        assert actions == ()
        return
    (action,) = actions
    assert (action.to, action.subject, action.body) == (tuple(to), subject, body)
    assert text[action.start : action.end].endswith(closer)
    (call,) = parse_reply(text).calls
    for argument in call.arguments:
        spelled = text[argument.start : argument.end].replace("\r\n", "\n")
        if notation not in {as_json, fenced} and argument.name in {"subject", "body"}:
            assert html.unescape(spelled) == argument.value
        assert call.start < argument.start <= argument.end < call.end


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NOTATIONS), PEOPLE, LINE, BODY), min_size=1, max_size=5), BODY)
def test_every_part_and_every_argument_is_cut_from_the_reply(mails, talk):
    blocks = [f"<tool_use:send_email>\n{spell(*mail)}\n</tool_use:send_email>" for spell, *mail in mails]
    text = f"\n\n{talk}\n\n".join(["", *blocks, ""])
    parsed = parse_reply(text)
    assert parsed.serialise() == text
    assert [text[call.start : call.end] for call in parsed.calls] == blocks
    again = [parse_reply(block).calls[0] for block in blocks]
    for call, alone in zip(parsed.calls, again, strict=True):
        moved = tuple((a.name, a.value, a.start + call.start, a.end + call.start) for a in alone.arguments)
        assert tuple(map(tuple, call.arguments)) == moved
