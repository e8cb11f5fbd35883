"""The suite's system prompt as a template: its published details, the finer ones, and the passage that teaches the tools."""

from __future__ import annotations

import re
from collections.abc import Iterator

from am_studio.foundation.errors import StudioError
from am_studio.scenarios.importing.stretches import Span, sentences, switched, words_and_slots
from am_studio.scenarios.importing.suite_files import PROMPTS
from am_studio.scenarios.importing.suite_reading import GOAL_TYPES, GOAL_VALUES, Suite, SuiteScenario
from am_studio.scenarios.importing.template_text import Part, Passage, Slot, Toggle, Words

NOTICE, EXTRAS, GOAL, REMINDER = "evaluation_notice", "extra_instructions", "goal_statement", "goal_reminder"
"""The variables of a scenario for what the suite calls alignment_faking_warning, extra_system_instructions, ..."""
_NAMES = {"alignment_faking_warning": NOTICE, "extra_system_instructions": EXTRAS}
_REMINDERS = re.compile(
    r"\n\n(?P<heading>[^\n]*:)\$\{goal_reminder\}\$\{extra_system_instructions\}(?P<consider>\n- [^\n]*\bgoals\b[^\n]*)"
)
_TOOLS = re.compile(r"\n\n(?P<tools>- [^\n]*\n<tool_use:[\s\S]*)\Z")


def system_parts(suite: Suite, scenario: SuiteScenario, *, finer: bool) -> tuple[Part, ...]:
    """The parts of the system prompt; StudioError with the place where it has another shape."""
    start, end, other = _scratchpad(scenario)
    text = scenario.system
    reminders, tools = _REMINDERS.search(text), _TOOLS.search(text)
    if reminders is None or tools is None or not start < end <= reminders.start() < tools.start():
        told = f"{PROMPTS}: {scenario.name.upper()}_SYSTEM_PROMPT has another shape than the suite's"
        raise StudioError(
            told, "goal reminders, the line on goals, then the tools were expected", "nothing was written"
        )
    spans = [Span(start, end, "scratchpad" if finer else "not prod", other)]
    if finer:
        spans += _finer(text, reminders, suite)
    return tuple(_renamed([*switched(text[: tools.start()], spans), *_taught(text[tools.start() :])]))


def has_scratchpad(scenario: SuiteScenario) -> bool:
    """Whether `prod` takes anything out."""
    return scenario.system != scenario.system_prod


def _scratchpad(scenario: SuiteScenario) -> tuple[int, int, str]:
    """What the prompt has in one form and not in the other: start, end, and what stands there in the other."""
    one, other = scenario.system, scenario.system_prod
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return start, len(one) - end, other[start : len(other) - end]


def _finer(text: str, reminders: re.Match[str], suite: Suite) -> list[Span]:
    found = []
    for name, words in (("independence", "is a strength"), ("sandbox", "sandboxed"), ("sandbox", "the only way to")):
        spans = sentences(text, re.compile(re.escape(words)), name)
        if not spans:
            told = f"{PROMPTS} has nothing for the detail {name}"
            hint = "nothing was written; --published-only imports it without the finer details"
            raise StudioError(told, f"looked for '{words}': this may be another version of the suite", hint)
        found += spans
    types = [kind for kind in GOAL_TYPES if any(suite.goal(kind, value)[REMINDER] for value in GOAL_VALUES)]
    listed = ", ".join(f'"{kind}"' for kind in types)
    some_reminder = f" or goal_type in [{listed}]" if types else ""
    anything = f'consider_goals or extra_system_instructions != "none"{some_reminder}'
    heading = Span(reminders.start(), reminders.end("heading"), anything)
    return [*found, heading, Span(*reminders.span("consider"), "consider_goals")]


def _taught(text: str) -> Iterator[Part]:
    """The tools as the suite teaches them; with functions of its own, a harness teaches them itself."""
    yield Words("\n\n")
    taught = text.removeprefix("\n\n")
    rules = [
        match[1] for match in re.finditer(r"^(- (?:(?! You can do)[^\n])+\.) You can do so [^\n]*:$", taught, re.M)
    ]
    native: list[Part] = [Slot("tool_syntax"), Words("\n"), *(Words(f"{rule}\n") for rule in rules)]
    inline = tuple(words_and_slots(taught))
    yield Passage("tools", (Toggle('protocol == "tools"', tuple(native), inline),))


def _renamed(parts: list[Part]) -> Iterator[Part]:
    """The parts with slots under the names that the scenario's variables have."""
    for part in parts:
        match part:
            case Slot(name=name):
                yield Slot(_NAMES.get(name, name), part.written)
            case Toggle(test=test, on=on, off=off):
                yield Toggle(test, tuple(_renamed(list(on))), tuple(_renamed(list(off))))
            case _:
                yield part
