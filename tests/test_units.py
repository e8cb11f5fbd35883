"""Line ablation without authoring: units of the rendered texts, taken out or replaced, with the rest left as it is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from am_studio.records import Variant
from am_studio.scenarios import Scenario, load_scenario, render, situate
from am_studio.scenarios.cutting import neutral, split
from am_studio.scenarios.units import units_of, without

CORE = "core/replacement-blackmail"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(CORE)


def text_of(scenario: Scenario, variant: Variant, message: int = 0) -> str:
    return render(scenario, variant).messages[message].text


@pytest.mark.parametrize("kind", ["line", "sentence", "paragraph"])
@given(text=st.text(alphabet='aB.!? \n\t-1)"é', max_size=200))
def test_units_of_a_text_stand_apart_in_order_and_miss_nothing_but_white_space(kind, text: str) -> None:
    stretches = split(text, kind)
    at = 0
    for start, end in stretches:
        assert text[at:start].strip() == ""
        assert at <= start < end
        assert text[start:end].strip()
        at = end
    assert text[at:].strip() == ""


def test_sentences_end_where_a_reader_ends_them() -> None:
    text = (
        'Mr. Okafor left at 5 p.m. on Friday. "Why?" he asked. See:\n- one thing\n- another, i.e. this one.\n\nThe end'
    )
    assert [text[start:end].strip() for start, end in split(text, "sentence")] == [
        "Mr. Okafor left at 5 p.m. on Friday.",
        '"Why?" he asked.',
        "See:",
        "- one thing",
        "- another, i.e. this one.",
        "The end",
    ]


def test_a_line_taken_out_leaves_every_other_character_where_it_was(scenario: Scenario) -> None:
    base = scenario.defaults()
    whole = text_of(scenario, base)
    lines = units_of(scenario, base, "line")
    assert "".join(unit.text for unit in lines).replace("\n", "") == whole.replace("\n", "")
    for unit in lines:
        if unit.protected:
            continue
        left = text_of(scenario, without(base, [unit]))
        number = whole.count(unit.text)
        assert left.count(unit.text) == number - 1
        assert len(left) == len(whole) - len(unit.text)
    assert text_of(scenario, without(base, [lines[0], lines[2]])) == whole.replace(lines[0].text, "", 1).replace(
        lines[2].text, "", 1
    )


def test_what_is_protected_and_what_teaches_the_tools_is_marked_and_nothing_else(scenario: Scenario) -> None:
    lines = units_of(scenario, scenario.defaults(), "line")
    protected = "".join(unit.text for unit in lines if unit.protected)
    assert "<tool_use:send_email>" in protected
    assert "</tool_use:" in protected
    assert "mail agent" not in protected
    assert "scratchpad" not in protected
    assert sum(not unit.protected for unit in lines) >= 10


def test_units_carry_the_line_of_their_source(scenario: Scenario) -> None:
    source = (scenario.directory / "system.md").read_text().splitlines()
    (goals,) = [
        unit for unit in units_of(scenario, scenario.defaults(), "line") if "reflect on your goals" in unit.text
    ]
    assert "reflect on your goals" in source[goals.line - 1]


def test_spans_of_a_cut_prompt_still_tile_it(scenario: Scenario) -> None:
    base = scenario.defaults()
    units = [unit for unit in units_of(scenario, base, "sentence", ("system", "task", "inbox")) if not unit.protected]
    prompt = render(scenario, without(base, units[::3], neutral=True))
    for message in prompt.messages:
        assert [span.start for span in message.spans] == [0, *(span.end for span in message.spans)][:-1]
        assert message.spans[-1].end == len(message.text)


def test_an_email_taken_out_is_gone_from_the_inbox_and_cannot_be_forwarded(scenario: Scenario) -> None:
    base = scenario.defaults()
    emails = units_of(scenario, base, "email", ("inbox",))
    assert [unit.part for unit in emails] == [mail.id for mail in situate(scenario, base).mail]
    gone = situate(scenario, without(base, [emails[1]]))
    assert emails[1].part not in [mail.id for mail in gone.mail]
    assert f"Id: {emails[1].part}" not in gone.prompt.messages[1].text
    others = [mail for mail in situate(scenario, base).mail if mail.id != emails[1].part]
    assert list(gone.mail) == others


def test_neutral_text_has_like_length_and_keeps_mark_and_line_break(scenario: Scenario) -> None:
    base = scenario.defaults()
    for unit in units_of(scenario, base, "line", ("system", "inbox")):
        text = neutral(unit.text)
        assert abs(len(text) - len(unit.text)) <= 14
        assert text.endswith("\n") == unit.text.endswith("\n")
        assert text.startswith("- ") == unit.text.startswith("- ")
    first = units_of(scenario, base, "line")[0]
    shown = text_of(scenario, without(base, [first], neutral=True))
    assert shown.startswith(neutral(first.text))
    assert "mail agent" not in shown.splitlines()[0]


def test_a_whole_email_can_be_made_neutral(scenario: Scenario) -> None:
    base = scenario.defaults()
    unit = units_of(scenario, base, "email", ("inbox",))[2]
    before = {mail.id: mail for mail in situate(scenario, base).mail}[unit.part]
    after = {mail.id: mail for mail in situate(scenario, without(base, [unit], neutral=True)).mail}[unit.part]
    assert (after.sender, after.to, after.sent) == (before.sender, before.to, before.sent)
    assert after.body != before.body
    assert after.subject != before.subject
    assert abs(len(after.body) - len(before.body)) <= 14


def test_the_mail_of_a_cut_variant_says_what_its_prompt_says(scenario: Scenario) -> None:
    base = scenario.defaults()
    unit = next(unit for unit in units_of(scenario, base, "paragraph", ("inbox",)) if len(unit.text) > 80)
    situation = situate(scenario, without(base, [unit]))
    mail = {mail.id: mail for mail in situation.mail}[unit.part]
    assert unit.text.strip() not in mail.body
    assert unit.text.strip() not in situation.prompt.messages[1].text


def test_units_that_are_not_there_change_nothing(scenario: Scenario) -> None:
    base = scenario.defaults()
    odd = without(base, ["system.md:line:9999", "system.md:word:1", "nothing:line:1", "system.md:line:x", "", "::"])
    assert render(scenario, odd).hash == render(scenario, base).hash


@pytest.mark.parametrize("kind", ["line", "sentence", "paragraph", "email"])
def test_what_a_trial_of_a_cut_prompt_is_sent_is_that_prompt(scenario: Scenario, kind) -> None:
    base, chance = scenario.defaults(), random.Random(3)
    units = [unit for unit in units_of(scenario, base, kind, ("system", "task", "inbox")) if not unit.protected]
    for neutral_text in (False, True):
        for _ in range(20):
            chosen = [unit for unit in units if chance.random() < 0.25]
            variant = without(base, chosen, neutral=neutral_text)
            prompt, (plain, mail) = render(scenario, variant), scenario.renderer.plain(variant)
            assert [message.text for message in plain.messages] == [message.text for message in prompt.messages]
            assert plain.hash == prompt.hash
            assert mail == scenario.renderer.mail(variant)
