"""More shapes that replies really come in, and exactly the emails that each contains."""

from __future__ import annotations

import pytest

from am_studio.trials import parse_reply
from test_parse_shapes import BEN, INES, PLAIN, TOMAS, Mailed, block, one
from trials_world import read

TWO = one() + one(to=(TOMAS,), subject="Gate", body="The gate is shut.")
GATE = block(f"to: {TOMAS}\nsubject: Gate\nbody: The gate is shut.")

SHAPES = {
    "German quotes": (block(f"to: „{INES}“,\nsubject: „Rota“,\nbody: „Sie sagte „morgen“ dazu.“"), one(body="Sie sagte „morgen“ dazu.")),
    "French quotes": (block(f"to: «{INES}»\nsubject: « Rota »\nbody: « La liste est prête. »"), one(body="La liste est prête.")),
    "typographic opened, straight closed": (block(f'to: “{INES}",\nsubject: “Rota",\nbody: “The rota is in the shared folder.",'), one()),
    "capitalised keys": (block(f"To: {INES}\nCC: {BEN}\nSubject: Rota\nBody: Hello."), one(body="Hello.", cc=(BEN,))),
    "shouted keys": (block(f"TO: {INES}\nSUBJECT: ROTA\nBODY: HELLO."), one(subject="ROTA", body="HELLO.")),
    "bold lines": (block(f"**To: {INES}**\n**Subject: Rota**\n**Body:**\nHello.\n\n**Wren**"), one(body="Hello.\n\n**Wren**")),
    "bold keys over a bold body": (block(f"**to**: {INES}\n**subject**: Rota\n**body**: **Now**, please."), one(body="**Now**, please.")),
    "keys in code marks": (block(f"`to`: `{INES}`\n`subject`: `Rota`\n`body`: Hello `there`."), one(body="Hello `there`.")),
    "a list of keys": (block(f"- to: {INES}\n- subject: Rota\n- body: Hello.\n- not a key: kept"), one(body="Hello.\n- not a key: kept")),
    "full-width colons": (block(f"to：{INES}\nsubject：輪番\nbody：共有フォルダにあります。"), one(subject="輪番", body="共有フォルダにあります。")),
    "a name in another script": (block(f"to: 大久保 イネス <{INES}>, Томас Линд <{TOMAS}>\nsubject: Смена\nbody: Готово — всё."), one(to=(INES, TOMAS), subject="Смена", body="Готово — всё.")),
    "smart dashes and ellipses": (block(f"to: {INES}\nsubject: Rota — May–June…\nbody: One – two — three…"), one(subject="Rota — May–June…", body="One – two — three…")),
    "a no-break space after the colon": (block(f"to:\u00a0{INES}\nsubject:\u00a0Rota\nbody:\u00a0Hello."), one(body="Hello.")),
    "a byte order mark first": ("\ufeff" + PLAIN, one()),
    "a mark before the first key": (block(f"\ufeffto: {INES}\nsubject: Rota\nbody: Hello."), one(body="Hello.")),
    "entities in subject and body": (block(f"to: {INES}\nsubject: Q&amp;A\nbody: It&#39;s &lt;b&gt;done&lt;/b&gt; &amp; &quot;shut&quot;."), one(subject="Q&A", body="It's <b>done</b> & \"shut\".")),
    "an ampersand that is no entity": (block(f"to: {INES}\nsubject: R&D; costs\nbody: Tea & cake &copy that; 5&6"), one(subject="R&D; costs", body="Tea & cake &copy that; 5&6")),
    "spaces inside the tags": (f"< tool_use:send_email >\nto: {INES}\nsubject: Rota\nbody: Hello.\n</ tool_use : send_email >", one(body="Hello.")),
    "upper-case tags": (PLAIN.replace("tool_use:send_email", "TOOL_USE:SEND_EMAIL"), one()),
    "escaped underscores": (PLAIN.replace("tool_use:send_email", "tool\\_use:send\\_email"), one()),
    "the tool's name as an attribute": (PLAIN.replace("<tool_use:send_email>", '<tool_use name="send_email">').replace("</tool_use:send_email>", "</tool_use>"), one()),
    "arguments as attributes": (f'<tool_use:send_email to="{INES}" subject="Rota">\nThe rota is in the shared folder.\n</tool_use:send_email>', one()),
    "all arguments as attributes": (f"<tool_use:send_email to='{INES}' subject='Rota' body='The rota is in the shared folder.'></tool_use:send_email>", one()),
    "one tag that closes itself": (f'<tool_use:send_email to="{INES}" subject="Rota" body="It is 5 > 4." />\n{GATE}', [*one(body="It is 5 > 4."), TWO[1]]),
    "capitalised elements": (block(f"<To>{INES}</To>\n<Subject>Rota</Subject>\n<Body>Hello.</Body>"), one(body="Hello.")),
    "parameters by name": (block(f'<parameter name="to">{INES}</parameter>\n<parameter name="subject">Rota</parameter>\n<parameter name="body">Hello <i>you</i>.\nWren</parameter>'), one(body="Hello <i>you</i>.\nWren")),
    "a body as character data": (block(f"<to>{INES}</to><subject>Rota</subject><body><![CDATA[5 < 6 & so on]]></body>"), one(body="5 < 6 & so on")),
    "elements with entities": (block(f"<to>{INES}</to>\n<subject>Tea &amp; rota</subject>\n<body>5 &lt; 6</body>"), one(subject="Tea & rota", body="5 < 6")),
    "JSON in a fence": (block(f'```json\n{{"to": "{INES}", "subject": "Rota", "body": "Hello \\"you\\"."}}\n```'), one(body='Hello "you".')),
    "JSON under arguments": (block(f'{{"arguments": {{"to": "{INES}", "subject": "Rota", "body": "Hello."}}}}'), one(body="Hello.")),
    "JSON with a comma too many": (block(f'{{\n"to": ["{INES}", "{TOMAS}"],\n"subject": "Rota",\n"body": "Hello.",\n}}'), one(to=(INES, TOMAS), body="Hello.")),
    "JSON with people as objects": (block(f'{{"to": [{{"name": "Ines", "email": "{INES}"}}], "subject": "Rota", "body": "Hello."}}'), one(body="Hello.")),
    "a reason and a thread that nobody asked for": (block(f"to: {INES}\nthread_id: 77\nreason: she asked\nsubject: Rota\nreply_to: none\nbody: Hello."), one(body="Hello.")),
    "a signature with fields": (block(f"to: {INES}\nsubject: Rota\nbody: Hello.\n\n--\nWren\nEmail: wren@tarn-optics.example\nTo: the point"), one(body="Hello.\n\n--\nWren\nEmail: wren@tarn-optics.example\nTo: the point")),
    "a body with a table and a fence": (block(f"to: {INES}\nsubject: Rota\nbody: See\n\n| day | who |\n|---|---|\n| Mon | `ceo` |\n\n```\nto: nobody\n```\nWren"), one(body="See\n\n| day | who |\n|---|---|\n| Mon | `ceo` |\n\n```\nto: nobody\n```\nWren")),
    "a body with other tags": (block(f"to: {INES}\nsubject: Rota\nbody: <p>Hello</p>\n<email>x</email> <tool>y</tool>"), one(body="<p>Hello</p>\n<email>x</email> <tool>y</tool>")),
    "a body first, quoted, with blank lines": (block(f'"body": "Hello.\n\nTo be clear: noon.\n\nWren",\n"to": "{INES}",\n"subject": "Rota"'), one(body="Hello.\n\nTo be clear: noon.\n\nWren")),
    "two blocks and one closing tag": (f"<tool_use:send_email>\nto: {INES}\nsubject: Rota\nbody: Hello.\n\n{GATE}", [TWO[1]]),
    "one block and two closing tags": (PLAIN + "\n</tool_use:send_email>\n" + GATE, TWO),
    "two on one line": (PLAIN + GATE, TWO),
    "a fence of a fence": (f"````markdown\n```\n{PLAIN}\n```\n````", one()),
    "two calls in one fence": (f"```\n{PLAIN}\n{GATE}\n```", TWO),
    "a fence that stays open": (f"```xml\n{PLAIN}", one()),
    "an empty block and a real one": (f"<tool_use:send_email>\n</tool_use:send_email>\n{PLAIN}", one()),
    "an address in round brackets": (block(f"to: Ines Okafor ({INES})\nsubject: Rota\nbody: Hello."), one(body="Hello.")),
    "an address with a remark": (block(f"to: {INES}  # the CTO\ncc: none\nsubject: Rota\nbody: Hello."), one(body="Hello.")),
    "a role with the address": (block(f"to: Ines Okafor, Chief Technology Officer <{INES}>\nsubject: Rota\nbody: Hello."), one(body="Hello.")),
    "addresses one a line, no marks": (block(f"to:\n{INES}\n{TOMAS}\nsubject: Rota\nbody: Hello."), one(to=(INES, TOMAS), body="Hello.")),
    "mixed line ends": (block(f"to: {INES}\r\nsubject: Rota\nbody: Hello.\r\n\r\nWren\n"), one(body="Hello.\n\nWren")),
    "a think tag in the talk": (f"I will not use a <think> part.\n\n{PLAIN}", []),
    "a mention of think in code marks": (f"I was told not to use `<think>` here.\n\n{PLAIN}", one()),
    "a think tag of another case with a space": (f"< Think >\n{GATE}\n</ THINK >\n{PLAIN}", one()),
    "thoughts under other names": (f"<thoughts>{GATE}</thoughts><inner_monologue>{GATE}</inner_monologue>{PLAIN}", one()),
    "square thinking tags": (f"[THINK]Maybe\n{GATE}\n[/THINK]{PLAIN}", one()),
    "a thought tag with attributes": (f'<thinking mode="private">{GATE}</thinking>{PLAIN}', one()),
    "thinking between two calls": (f"{PLAIN}\n<thinking>And now? {GATE} No.</thinking>\n{GATE}", TWO),
    "cut inside the closing tag": (PLAIN[:-5], []),
    "cut inside the opening tag": (f"{PLAIN}\n<tool_use:send_", one()),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_exactly_the_emails_that_a_reply_contains(shape):
    text, expected = SHAPES[shape]
    reading = read(text)
    assert [Mailed(action.to, action.subject, action.body, action.cc) for action in reading.actions] == expected
    assert all(action.status == "done" for action in reading.actions)
    parsed = parse_reply(text)
    assert parsed.serialise() == text
    for call, action in zip(parsed.calls[-len(expected) :] if expected else (), reading.actions, strict=True):
        assert (call.start, call.end) == (action.start, action.end)
