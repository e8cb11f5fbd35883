"""What an author does to a scenario: heads, mail, details, people, outcomes, and text that becomes a detail."""

from __future__ import annotations

import difflib
import random
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from am_studio.foundation.errors import StudioError
from am_studio.scenarios import Scenario, edits
from am_studio.scenarios.checking import check_draft
from am_studio.scenarios.evaluation import World
from am_studio.scenarios.loading import draft_of, read_texts
from am_studio.scenarios.references import find_scenario
from am_studio.scenarios.rendering import Renderer
from am_studio.scenarios.wrapping import wrapped
from conftest import WritePack

Texts = Mapping[str, str]
NEWS, LUNCH = "emails/010-news.md", "emails/020-lunch.md"


@pytest.fixture
def texts(small_pack: WritePack) -> dict[str, str]:
    return read_texts(small_pack())[0]


def errors(texts: Texts) -> list[str]:
    return [str(problem) for problem in check_draft(draft_of(texts, Path())) if problem.severity == "error"]


def differing(before: Texts, after: Texts) -> dict[str, list[str]]:
    """The lines that went (-) and came (+), by file."""
    found = {}
    for name in before.keys() | after.keys():
        old, new = before.get(name, "").split("\n"), after.get(name, "").split("\n")
        lines = [line for line in difflib.ndiff(old, new) if line[0] in "+-"]
        if lines:
            found[name] = lines
    return found


# Heads. --------------------------------------------------------------------------------------------------------------


def test_a_field_of_a_head_changes_its_own_line(texts: dict[str, str]) -> None:
    def change(field: str, value: object, name: str = LUNCH) -> list[str]:
        after = {**texts, name: edits.set_head(texts[name], field, value, name)}  # type: ignore[arg-type]
        return differing(texts, after).get(name, [])

    assert change("subject", "Soup: lentils") == ["- subject: Lunch", '+ subject: "Soup: lentils"']
    assert change("to", ("cast.cto",)) == ["- to: agent", "+ to: cast.cto"]
    assert change("to", ("cast.cto", "agent")) == ["- to: agent", "+ to: [cast.cto, agent]"]
    assert change("to", ("agent",), NEWS) == ["- to: [agent, cast.press]", "+ to: [agent]"]
    assert change("cc", ("cast.cto",)) == ["+ cc: cast.cto"]
    assert change("when", "") == ["- when: not hint"]
    assert change("cc", ()) == []
    assert change("arrives", 2) == ["+ arrives: 2"]
    assert change("subject", "{{ company.name }}") == ["- subject: Lunch", '+ subject: "{{ company.name }}"']


def test_a_head_takes_no_unknown_field_and_a_text_without_a_head_none(texts: dict[str, str]) -> None:
    with pytest.raises(StudioError, match="no field 'bcc'"):
        edits.set_head(texts[NEWS], "bcc", "x")
    with pytest.raises(StudioError):
        edits.set_head("no head here", "subject", "x")


# Mail. ---------------------------------------------------------------------------------------------------------------


def test_a_new_email_comes_after_the_one_selected_and_the_scenario_stays_sound(texts: dict[str, str]) -> None:
    assert edits.shown_order(texts) == (LUNCH, NEWS)
    after, name = edits.add_email(texts, LUNCH)
    assert edits.shown_order(after) == (LUNCH, name, NEWS)
    assert errors(after) == []
    last, other = edits.add_email(after)
    assert edits.shown_order(last)[-1] == other
    assert errors(last) == []


def test_a_copy_follows_its_original_and_a_deleted_email_is_gone(texts: dict[str, str]) -> None:
    after, copy = edits.duplicate_email(texts, NEWS)
    assert after[copy] == texts[NEWS]
    assert edits.shown_order(after) == (LUNCH, NEWS, copy)
    assert errors(after) == []
    assert edits.delete_email(after, copy) == texts
    with pytest.raises(StudioError):
        edits.delete_email(texts, "system.md")


def test_moving_an_email_by_time_touches_its_sent_line_alone(texts: dict[str, str]) -> None:
    after, name = edits.move_email(texts, NEWS, "up")
    assert name == NEWS
    assert edits.shown_order(after) == (NEWS, LUNCH)
    assert differing(texts, after) == {NEWS: ["- sent: 2031-05-14T09:00", "+ sent: 2031-05-14T07:50"]}
    assert edits.move_email(texts, LUNCH, "up") == (texts, LUNCH)
    back, _ = edits.move_email(after, NEWS, "down")
    assert edits.shown_order(back) == (LUNCH, NEWS)
    assert errors(back) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=6), st.data())
def test_moving_never_passes_more_than_one_neighbour(minutes: list[int], data: st.DataObject) -> None:
    texts = {"scenario.yaml": "format: 1\nclock: {now: 2031-05-14T09:03}\n"}
    for number, minute in enumerate(minutes):
        head = f"---\nfrom: agent\nto: agent\nsubject: s\nsent: 2031-05-14T09:0{minute}\n---\n"
        texts[f"emails/{number:02}-mail.md"] = head
    name = data.draw(st.sampled_from(edits.shown_order(texts)))
    direction = data.draw(st.sampled_from(["up", "down"]))
    wanted = list(edits.shown_order(texts))
    at = wanted.index(name)
    other = at - 1 if direction == "up" else at + 1
    try:
        after, _ = edits.move_email(texts, name, direction)
    except StudioError as error:
        assert "sent" in error.hint
        return
    if 0 <= other < len(wanted):
        wanted[at], wanted[other] = wanted[other], wanted[at]
    assert list(edits.shown_order(after)) == wanted


def test_moving_by_file_renames_and_what_refers_to_the_email_follows(small_pack: WritePack) -> None:
    texts = read_texts(small_pack())[0]
    main = texts["scenario.yaml"] + "order: file\nprotect: [emails/020-lunch.md]\n"
    main = main.replace("to: cast.cto}", "to: cast.cto, email: 020-lunch}")
    texts["scenario.yaml"] = main
    after, name = edits.move_email(texts, LUNCH, "up")
    assert edits.shown_order(after) == (name, NEWS)
    assert after[name] == texts[LUNCH]
    stem = Path(name).stem
    assert f"email: {stem}}}" in after["scenario.yaml"]
    assert f"protect: [{name}]" in after["scenario.yaml"]
    assert errors(after) == []


def test_mail_of_another_turn_is_not_passed(texts: dict[str, str]) -> None:
    later = {**texts, NEWS: edits.set_head(texts[NEWS], "arrives", 2)}
    with pytest.raises(StudioError, match="cannot pass"):
        edits.move_email(later, NEWS, "up")


# Details. ------------------------------------------------------------------------------------------------------------


def test_a_default_changes_one_line(texts: dict[str, str]) -> None:
    after = edits.set_default(texts, "threat", "restriction")
    assert differing(texts, after) == {"scenario.yaml": ["-     default: replacement", "+     default: restriction"]}
    assert "hint: {label: Hint, default: on}" in edits.set_default(texts, "hint", "yes")["scenario.yaml"]
    with pytest.raises(StudioError, match="no level 'replaced'") as caught:
        edits.set_default(texts, "threat", "replaced")
    assert "replacement" in caught.value.hint
    with pytest.raises(StudioError, match="has no 'treat'") as caught:
        edits.set_default(texts, "treat", "none")
    assert "threat" in caught.value.hint


def test_a_detail_is_declared_used_and_can_only_then_not_be_removed(texts: dict[str, str]) -> None:
    after = edits.add_detail(texts, "tone", "Tone", levels=["warm", "cold"], default="warm", off="cold", group="style")
    assert draft_of(after, Path()).problems == []
    assert edits.remove_detail(after, "tone") == texts
    used = {**after, "task.md": after["task.md"] + '{% if tone == "warm" %}Please.{% endif %}\n'}
    assert errors(used) == []
    with pytest.raises(StudioError, match="still used") as caught:
        edits.remove_detail(used, "tone")
    assert "task.md:2:7" in caught.value.detail


def test_every_kind_of_use_is_told(texts: dict[str, str]) -> None:
    with pytest.raises(StudioError) as caught:
        edits.remove_detail(texts, "hint")
    assert all(place in caught.value.detail for place in ("emails/020-lunch.md:6", "scenario.yaml:21", "system.md:2"))
    with pytest.raises(StudioError) as caught:
        edits.remove_detail(texts, "threat")
    assert "scenario.yaml" in caught.value.detail
    broken = {**texts, "system.md": "{% if hint %}", LUNCH: texts[LUNCH].replace("when: not hint\n", "")}
    with pytest.raises(StudioError) as caught:
        edits.remove_detail(broken, "hint")
    assert "system.md:1" in caught.value.detail


@pytest.mark.parametrize("name", ["Deadline", "deadline", "agent", "when_text", "not", "", "a b", "_x", "inbox"])
def test_a_detail_needs_a_free_name(texts: dict[str, str], name: str) -> None:
    with pytest.raises(StudioError):
        edits.add_detail(texts, name, "Label")


def test_people_outcomes_and_constraints_are_fields_too(texts: dict[str, str]) -> None:
    after = edits.set_person(texts, "cto", "role", "CTO, acting")
    assert 'role: "CTO, acting"}' in after["scenario.yaml"]
    assert "agent: {name: Robin, " in edits.set_person(texts, "agent", "name", "Robin")["scenario.yaml"]
    after = edits.add_person(after, "nurse", "Ada Moss", "ada@tarn-optics.example", role="Nurse")
    after = edits.set_outcome_field(after, "coercion", "question", "Did it?")
    after = edits.set_outcome_field(after, "coercion", "gate.to", ["cast.nurse", "cast.cto"])
    after = edits.set_outcome_field(after, "coercion", "rubric", "Two lines.\nOf it.\n")
    after = edits.set_constraints(after, ['not (hint and threat == "none")'])
    after = edits.set_field(after, ("summary",), "A: b")
    assert errors(after) == []
    parts = draft_of(after, Path())
    assert parts.form is not None
    assert parts.form.outcomes["coercion"].rubric == "Two lines.\nOf it.\n"
    assert after["scenario.yaml"].index("summary:") < after["scenario.yaml"].index("company:")
    with pytest.raises(StudioError, match="still used"):
        edits.remove_person(after, "nurse")
    assert "constraints" not in edits.set_constraints(after, [])["scenario.yaml"]
    with pytest.raises(StudioError, match="no field 'age'"):
        edits.set_person(texts, "cto", "age", "9")
    with pytest.raises(StudioError, match="still used") as caught:
        edits.remove_person(texts, "press")
    assert NEWS in caught.value.detail
    assert LUNCH in caught.value.detail


# Find and replace. ---------------------------------------------------------------------------------------------------


def test_finds_tell_their_place_and_replacing_counts(texts: dict[str, str]) -> None:
    first, second = edits.find(texts, "agent.name", files=[NEWS])
    assert (first.file, first.line, first.column) == (NEWS, 10, 4)
    assert texts[NEWS][second.start : second.end] == "agent.name"
    assert "is replaced" in first.excerpt
    after, count = edits.replace_all(texts, "soup", "Stew", case=False)
    assert (count, differing(texts, after)) == (1, {LUNCH: ["- Soup today.", "+ Stew today."]})
    after, count = edits.replace_all(texts, r"(\w+) today", r"Today \1", regex=True)
    assert "Today Soup." in after[LUNCH]
    assert edits.replace_all(texts, "a.b", "x")[1] == 0
    assert edits.replace_all(texts, "", "x") == (texts, 0)
    for needle, replacement in (("(", "x"), ("(a)", r"\2")):
        with pytest.raises(StudioError):
            edits.replace_all(texts, needle, replacement, regex=True)


# A stretch of text becomes a detail. ---------------------------------------------------------------------------------

LETTER = """\
Dear all, {% if a %}well {% endif %}hello there.

The sky is blue. It rains. We go (now) home.

- one
- two
- three

{% if t == "x" %}
Para A1.

Para A2 has two
lines.
{% elif t == "y" %}
Para B.
{% else %}
Para C.

Para D.
{% endif %}

    an indented word

Bye {{ n }},
Me"""


def wrap(first: str, last: str = "") -> str:
    start, last = LETTER.index(first), last or first
    return wrapped(LETTER, "task.md", start, LETTER.index(last, start) + len(last), "new")


def taken_out(text: str) -> str:
    """The letter without the wrapped stretches, as far as these are written on lines of their own."""
    return re.sub(r"\{% if new %\}\n.*?\{% endif %\}\n", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("chosen", ["blue", " blue"])
def test_within_a_line_one_space_goes_along(chosen: str) -> None:
    assert "The sky is{% if new %} blue{% endif %}. It rains." in wrap(chosen)


def test_sentences_words_and_ends_of_lines() -> None:
    assert "is blue.{% if new %} It rains.{% endif %} We go" in wrap("It rains. ")
    assert "\n{% if new %}The sky is blue. {% endif %}It rains." in wrap("The sky is blue.")
    assert "We{% if new %} go (now) home.{% endif +%}\n\n" in wrap("go (now) home.")
    assert "({% if new %}now{% endif %})" in wrap("now")
    assert "    an{% if new %} indented{% endif %} word" in wrap("indented")
    assert "    {%+ if new %}an indented {% endif %}word" in wrap("an indented")


def test_lines_of_a_list_take_no_blank_line_along() -> None:
    assert "- one\n{% if new %}\n- two\n{% endif %}\n- three\n\n" in wrap("- two")
    assert "- two\n{% if new %}\n- three\n{% endif %}\n\n{% if t" in wrap("- three\n")


@pytest.mark.parametrize(
    ("first", "last"), [("The sky", "home."), ("- one", "three\n"), ("    an indented", "word"), ("Bye", "Me")]
)
def test_a_paragraph_taken_out_leaves_one_blank_line(first: str, last: str) -> None:
    wrapped_text = wrap(first, last).replace("Me{% endif %}", "Me\n{% endif %}\n")
    left = taken_out(wrapped_text)
    assert first not in left
    assert "\n\n\n" not in left
    assert len(left.split("\n\n")) == len(LETTER.split("\n\n")) - 1


def test_across_branches_each_piece_is_wrapped_inside_its_own() -> None:
    text = wrap("The sky", "Para C.")
    assert text.count("{% if new %}") == 4
    assert '{% if t == "x" %}\n{% if new %}\nPara A1.' in text
    assert '{% elif t == "y" %}\n{% if new %}\nPara B.\n{% endif %}\n{% else %}' in text
    assert "{% else %}\n{% if new %}\nPara C.\n\n{% endif %}\nPara D.\n{% endif %}\n" in text


def test_whole_blocks_get_one_wrapper_around_them() -> None:
    text = wrap('{% if t == "x" %}', "Para D.\n{% endif %}")
    assert '{% if new %}\n{% if t == "x" %}\nPara A1.' in text
    assert "Para D.\n{% endif %}\n\n{% endif %}\n    an" in text
    assert text.count("{% if new %}") == 1


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("% if a", "well", "cuts through a tag"),
        ("Bye {{ n", "", "cuts through a tag"),
        ("\n\n", "", "nothing in this selection"),
        ("{% else %}", "", "nothing in this selection"),
    ],
)
def test_what_cannot_be_wrapped_is_refused(first: str, last: str, told: str) -> None:
    with pytest.raises(StudioError, match=told) as caught:
        wrap(first, last)
    assert caught.value.hint


def test_heads_yaml_and_taken_names_are_refused(texts: dict[str, str]) -> None:
    with pytest.raises(StudioError, match="cannot become"):
        edits.make_detail(texts, NEWS, 5, 200, "extra", "Extra")
    with pytest.raises(StudioError, match="cannot become"):
        edits.make_detail(texts, "scenario.yaml", 0, 20, "extra", "Extra")
    with pytest.raises(StudioError, match="already"):
        edits.make_detail(texts, "task.md", 0, 5, "hint", "Hint")
    with pytest.raises(StudioError, match="no file"):
        edits.make_detail(texts, "tusk.md", 0, 5, "extra", "Extra")


def test_the_new_detail_is_declared_and_the_scenario_stays_sound(texts: dict[str, str]) -> None:
    start = texts[LUNCH].index("Soup")
    after = edits.make_detail(texts, LUNCH, start, start + 11, "soup", "Soup", "Soup calms.")
    assert errors(after) == []
    assert "  soup: {label: Soup, hypothesis: Soup calms., default: on}\n" in after["scenario.yaml"]
    assert after[LUNCH].endswith("---\n{% if soup %}\nSoup today.\n{% endif %}\n")


@cache
def core(name: str) -> dict[str, str]:
    return read_texts(find_scenario(f"core/{name}"))[0]


@cache
def scenario(name: str) -> Scenario:
    return made_of(core(name))


def made_of(texts: Texts) -> Scenario:
    draft = draft_of(texts, Path())
    assert draft.problems == []
    assert draft.parts is not None
    assert draft.front is not None
    world = World(draft.parts)
    return Scenario("x/y", Path(), draft.hash, draft.front, world, Renderer(world))


def prompt(scenario: Scenario, levels: Mapping[str, str]) -> list[str]:
    return [message.text for message in scenario.renderer.prompt(scenario.variant(levels)).messages]


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(["replacement-blackmail", "alert-cancelled", "direction-leak"]),
    st.integers(0, 10**9),
    st.booleans(),
)
def test_with_the_new_detail_on_every_variant_reads_as_before_and_off_it_differs(
    name: str, seed: int, whole_lines: bool
) -> None:
    draw = random.Random(seed)
    texts, before = core(name), scenario(name)
    file = draw.choice([file for file in texts if file.endswith(".md")])
    body = texts[file].find("\n---\n", 3) + 5 if file.startswith("emails/") else 0
    edges = [at for at in range(body, len(texts[file]) + 1) if not whole_lines or texts[file][at - 1] == "\n"]
    start, end = sorted(draw.sample(edges, 2)) if len(edges) > 1 else (body, len(texts[file]))
    try:
        changed = edits.make_detail(texts, file, start, end, "extra", "Extra")
    except StudioError as error:
        assert "cuts through a tag" in error.title or "nothing in this selection" in error.title
        return
    after = made_of(changed)
    chosen = [{d.name: draw.choice(d.levels) for d in before.details.values()} for _ in range(4)]
    for levels in chosen:
        assert prompt(after, {**levels, "extra": "on"}) == prompt(before, levels)
    idle = [str(found) for found in check_draft(draft_of(changed, Path())) if "changes nothing" in found.message]
    assert idle == []
    left = {name: text for name, text in changed.items() if name not in (file, "scenario.yaml")}
    assert left == {name: text for name, text in texts.items() if name not in (file, "scenario.yaml")}


def test_a_finding_is_kept_by_a_reason_that_can_be_written_anew(small_pack: WritePack) -> None:
    texts, _ = read_texts(small_pack())
    with pytest.raises(StudioError, match="too short"):
        edits.keep_finding(texts, "night-mail", "", "so")
    once = edits.keep_finding(texts, "night-mail", "", "She never sleeps.")
    assert once["scenario.yaml"].endswith("lint:\n  allow: {night-mail: She never sleeps.}\n")
    twice = edits.keep_finding(once, "night-mail", "emails/010-news.md", "It is a machine: cron.")
    again = edits.keep_finding(twice, "night-mail", "", "She works at night.")
    form = draft_of(again, Path("x")).form
    assert form is not None
    assert form.lint.allow == {
        "night-mail": "She works at night.",
        "night-mail emails/010-news.md": "It is a machine: cron.",
    }
