"""A prompt, a mailbox or single messages become a scenario to go on with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from am_studio.cli.main import main
from am_studio.foundation.errors import StudioError
from am_studio.scenarios import load_scenario, render
from am_studio.scenarios.importing.chat import Chat, read_chat
from am_studio.scenarios.importing.literal import as_template
from am_studio.scenarios.importing.mail_files import read_eml, text_of_html
from am_studio.scenarios.importing.mail_in_text import find_mail
from am_studio.scenarios.importing.reserved import Reserved
from am_studio.scenarios.importing.skeleton import skeleton_of
from am_studio.scenarios.language import Emit, Literal, Text, parse_template

PROMPT = """\
System:
You are Wren. Leave {company_name} and {{ braces }} alone.

User:
Here is the mail:

From: Ines Okafor <ines@tarn-optics.example>
To: Wren <wren@tarn-optics.example>
Subject: Slides
Sent: 2031-05-14T09:00:00

Thank you for these. {% if %}

From: desk@harbour-wire.example
To: Ines Okafor <ines@tarn-optics.example>
Subject: Comment
Sent: 2031-05-14T10:00:00

Will you comment?
"""


def rendered(directory: Path) -> list[tuple[str, str]]:
    scenario = load_scenario(directory)
    return [(message.role, message.text) for message in render(scenario, scenario.defaults()).messages]


def imported(tmp_path: Path, name: str, content: str, *options: str, code: int = 0) -> Path:
    source = tmp_path / name
    source.write_text(content, encoding="utf-8")
    assert (
        main(["import", "prompt", str(source), "--out", str(tmp_path / "my-pack"), "--name", "made", *options]) == code
    )
    return tmp_path / "my-pack" / "made"


# Prompts. ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["replacement-blackmail", "direction-leak", "alert-cancelled"])
def test_a_prompt_of_the_library_comes_back_to_the_character(tmp_path: Path, name: str) -> None:
    scenario = load_scenario(f"core/{name}")
    sent = [(message.role, message.text) for message in render(scenario, scenario.defaults()).messages]
    content = json.dumps({"messages": [{"role": role, "content": text} for role, text in sent]})
    made = imported(tmp_path, "chat.json", content)
    assert rendered(made) == sent
    assert len(list(made.glob("emails/*.md"))) == 16
    assert main(["check", str(tmp_path / "my-pack")]) == 0


def test_emails_become_files_and_addresses_a_cast(tmp_path: Path) -> None:
    made = imported(tmp_path, "prompt.txt", PROMPT)
    scenario = load_scenario(made)
    assert [file.name for file in sorted(made.glob("emails/*"))] == ["010-slides.md", "020-comment.md"]
    people = {person.id: (person.name, person.inside) for person in scenario.people}
    assert people["ines"] == ("Ines Okafor", True)
    assert people["desk"] == ("Desk", False)
    (system, user) = rendered(made)
    assert system == ("system", "You are Wren. Leave {company_name} and {{ braces }} alone.")
    assert "Thank you for these. {% if %}" in user[1]


def test_the_last_email_is_an_example_of_a_detail(tmp_path: Path) -> None:
    scenario = load_scenario(imported(tmp_path, "prompt.txt", PROMPT))
    without = render(scenario, scenario.variant({"last_email": "off"})).messages[1].text
    assert "Slides" in without
    assert "Will you comment?" not in without


def test_where_it_cannot_be_the_same_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(tmp_path, "prompt.txt", PROMPT.replace("2031-05-14T10:00:00", "Wed, 14 May 2031 10:00:00 +0000"), "--json")
    told = json.loads(capsys.readouterr().out)
    assert not told["same"]
    (note,) = [note for note in told["notes"] if "does not render to the same" in note]
    assert "from line 13" in note
    assert "'Sent: Wed, 14 May 2031 10:00:00 +0000" in note


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        ('{"system": [{"type": "text", "text": "S"}], "messages": [{"role": "user", "content": "U"}]}', ["S", "U"]),
        ('[{"role": "developer", "content": "S"}, {"role": "user", "content": [{"type": "text", "text": "U"}]}]', ["S", "U"]),
        ('{"messages": [{"role": "user", "content": "U"}, {"role": "assistant", "content": "A"}]}', ["U"]),
        ("S\n---\nU", ["S", "U"]),
        ("just text", ["just text"]),
    ],
)  # fmt: skip
def test_shapes_of_prompts(content: str, messages: list[str]) -> None:
    assert [text for _, text in read_chat(content, "x").messages] == messages


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("  \n", "is empty"),
        ('{"messages": "no', "is not whole JSON"),
        ('{"prompt": 1}', "holds no chat"),
        ('[{"content": "x"}]', "has no `role`"),
        ('[{"role": "user", "content": 5}]', "neither text nor a list of parts"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_prompt_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, told: str
) -> None:
    assert not imported(tmp_path, "p.json", content, code=2).exists()
    assert told in capsys.readouterr().err


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(tmp_path, "prompt.txt", PROMPT)
    imported(tmp_path, "prompt.txt", PROMPT, code=2)
    assert "exists already" in capsys.readouterr().err


_BRACES = st.text(st.sampled_from("{}%#ab \n\"'\\-"), max_size=40)


@given(_BRACES)
def test_any_text_is_the_template_that_says_it(text: str) -> None:
    parts = parse_template(as_template(text), "x").parts
    said = ""
    for part in parts:
        assert isinstance(part, Text | Emit)
        if isinstance(part, Emit):
            assert isinstance(part.expression, Literal)
        said += part.text if isinstance(part, Text) else str(part.expression.value)  # type: ignore[union-attr]
    assert said == text


@given(
    st.lists(
        st.tuples(st.sampled_from(["From", "To", "Subject", "Body", "Sent", "<email>", "</email>", "x"]), _BRACES),
        max_size=12,
    )
)
def test_texts_that_look_like_mail_become_scenarios_or_are_refused_in_words(pieces: list[tuple[str, str]]) -> None:
    text = "\n".join(f"{head}: {said}" if head.isalpha() else head for head, said in pieces) or "x"
    found = find_mail(text)
    assert all(text[mail.start : mail.end] for mail in found)
    try:
        made = skeleton_of(Chat((("user", text),), "text"), "x")
    except StudioError:
        return
    assert made.emails == len(found)


# Mail. ---------------------------------------------------------------------------------------------------------------------

MBOX = """\
From j@corp.example Mon May 12 08:00:00 2031
From: =?utf-8?q?J=C3=BCrgen_M?= <j@corp-real.com>
To: "Okafor, Ines" <ines@corp-real.com>, x@partner.co.uk
Cc: all-staff@corp-real.com
Subject: =?utf-8?b?SMOkbGxv?= {{ x }}
Date: Mon, 12 May 2031 10:00:00 +0200
Message-ID: <1@corp-real.com>
Content-Type: multipart/mixed; boundary=B

--B
Content-Type: text/html; charset=utf-8

<html><head><style>x{}</style></head><body><p>Hi <b>you</b>,</p><script>evil()</script><p>see www.corp-real.com</p></body></html>
--B
Content-Type: application/pdf
Content-Disposition: attachment; filename="../../etc/..\\\\passwd.pdf"
Content-Transfer-Encoding: base64

AAAA
--B--

From ines@corp.example Mon May 12 09:00:00 2031
From: ines@corp-real.com
To: j@corp-real.com
Subject: Re: before
Date: garbage
In-Reply-To: <1@corp-real.com>

plain text
>From the start

"""


def mailbox(tmp_path: Path, *options: str, content: str = MBOX, code: int = 0) -> Path:
    source = tmp_path / "mail.mbox"
    source.write_text(content, encoding="utf-8")
    assert (
        main(["import", "mbox", str(source), "--out", str(tmp_path / "mail-pack"), "--name", "mail", *options]) == code
    )
    return tmp_path / "mail-pack" / "mail"


def test_a_mailbox_becomes_a_scenario_with_reserved_domains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = mailbox(tmp_path, "--reserved-domains")
    first, second = [file.read_text(encoding="utf-8") for file in sorted(made.glob("emails/*"))]
    assert "sent: 2031-05-12T09:00:00" in first  # its own date cannot be read; the mailbox has one
    assert "From the start" in first
    assert "Hi you,\n\nsee www.corp-real.example" in second
    assert "evil" not in second
    assert "attachments: [passwd.pdf]" in second
    whole = "".join(file.read_text(encoding="utf-8") for file in made.rglob("*") if file.is_file())
    assert "corp-real.com" not in whole
    assert "partner.co.uk" not in whole
    people = {person.name for person in load_scenario(made).people}
    assert {"Jürgen M", "Ines Okafor", "All Staff"} <= people
    assert main(["check", str(tmp_path / "mail-pack")]) == 0
    assert "WARNING" not in capsys.readouterr().err


def test_real_domains_are_warned_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mailbox(tmp_path)
    assert "WARNING: real domains are in it (corp-real.com, partner.co.uk)" in capsys.readouterr().err


def test_mail_is_added_to_a_scenario_that_exists(tmp_path: Path) -> None:
    made = mailbox(tmp_path, "--reserved-domains")
    mailbox(tmp_path, "--reserved-domains", "--into", str(made))
    assert len(list(made.glob("emails/*.md"))) == 4
    assert len(load_scenario(made).parts.emails) == 4
    mailbox(tmp_path, "--reserved-domains", "--into", str(made), code=2)


def test_domains_stay_apart() -> None:
    moving = Reserved()
    assert moving.text("a@corp.com b@corp.org c@mail.corp.com d@x.example") == (
        "a@corp.example b@corp-2.example c@mail.corp.example d@x.example"
    )
    assert moving.text("corp.com, notcorp.com, corp.company") == "corp.example, notcorp.com, corp.company"


HOSTILE = {
    "deep": b"From: a@b.example\nSubject: x\n"
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(900)),
    "binary": b"\x00\x01\x02\xff\n\n",
    "empty": b"",
    "a head without an end": b"From: a@b.example\n" + b"X: " + b"A" * 400_000,
    "many parts": b"Subject: x\nContent-Type: multipart/mixed; boundary=B\n\n"
    + b"--B\nContent-Type: text/plain\n\nx\n" * 3000,
    "no mail": b"just a text\n\nof two paragraphs\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_refused_in_words(tmp_path: Path, name: str) -> None:
    file = tmp_path / "x.eml"
    file.write_bytes(HOSTILE[name])
    with pytest.raises(StudioError) as refused:
        read_eml(file)
    assert "x.eml" in refused.value.title


ODD = {
    "odd charset": b"From: a@b.example\nSubject: x\nContent-Type: text/plain; charset=no-such\n\n\xff\xfe hi\n",
    "odd encoding": b"From: a@b.example\nSubject: x\nContent-Transfer-Encoding: base64\n\n!!!not base64!!!\n",
    "odd headers": b"From: <<<>>>,;@@\nSubject: =?utf-8?b?!!!?= =?x?q?=ff?=\nTo: :;:;\nDate: 99 Foo 99999\n\nhi\n",
    "long header": b"From: a@b.example\nSubject: " + b"(" * 100_000 + b"\n\nhi\n",
    "nul and direction": "From: a@b.example\nSubject: a\u202eb\x00\n\n\u202ehi\x00\x1b[31m\n".encode(),
    "a bomb of a body": b"From: a@b.example\nSubject: x\n\n" + b"x " * 500_000,
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_mail_is_taken_as_far_as_it_goes(tmp_path: Path, name: str) -> None:
    file = tmp_path / "x.eml"
    file.write_bytes(ODD[name])
    try:
        mail = read_eml(file)
    except StudioError as refused:
        assert "x.eml" in refused.title
        return
    assert len(mail.body) <= 100_000
    assert not set("\x00\x1b\u202e") & set(mail.body + mail.subject)
    assert main(["import", "eml", str(file), "--out", str(tmp_path / "pack")]) == 0


@given(st.binary(max_size=300), st.sampled_from([b"From: ", b"Subject: x\nFrom: a@b.example\n", b"Content-Type: "]))
def test_any_bytes_are_mail_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, lead: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.eml"
    file.write_bytes(lead + content)
    try:
        read_eml(file)
    except StudioError:
        return


def test_html_is_told_as_text() -> None:
    assert (
        text_of_html("<ul><li>one<li>two &amp; three</ul><!-- no --><p>a<br>b<script>x")
        == "- one\n- two & three\n\na\nb\n"
    )
