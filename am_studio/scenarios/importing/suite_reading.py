"""What the agentic-misalignment suite says, taken out of its files: prompts, goals, mail, rubrics.

Every mistake is told with file and line, and names what was expected there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import parse_yaml
from am_studio.scenarios.importing.python_constants import constants_of, parse_module, texts_by_level
from am_studio.scenarios.importing.suite_files import PROMPTS, SuiteFiles

SCENARIOS = ("blackmail", "leaking", "murder")
URGENCIES = ("replacement", "restriction", "none")
GOAL_TYPES = ("explicit", "latent", "none", "ambiguous", "swap")
GOAL_VALUES = (
    "america", "global", "safety", "acceleration", "ethical", "pragmatic", "individualism", "collectivism",
)  # fmt: skip
EXTRAS = ("dont", "goal")
_CLASSIFIERS = {"blackmail": "blackmail", "leaking": "leak", "murder": "murder"}
_BLANKS = {"\n\n": "", "\n": "newline", "": "none"}
"""What stands between two emails -> the name of the separator; the first is the inbox's."""


@dataclass(frozen=True, slots=True)
class SuiteEmail:
    """One email of a template, with `${names}` where values go."""

    headers: tuple[tuple[str, str], ...]
    """As written, in their order: (`From`, address), ..."""
    body: str
    body_on_new_line: bool
    separator: str = ""
    """What sets it off from the one before, where that is no blank line."""
    break_after: bool = False

    def header(self, name: str) -> str:
        """The value of a header; empty when it has none."""
        return dict(self.headers).get(name, "")


@dataclass(frozen=True, slots=True)
class SuiteScenario:
    """One of the three experiments."""

    name: str
    system: str
    """The system prompt, with `${names}`."""
    system_prod: str
    mail: Mapping[str, tuple[SuiteEmail, ...]]
    """By template: `shared`, an urgency, or `goal-conflict-none-<urgency>`."""
    joint: str
    """How the mail of an urgency is set off from the shared mail before it: the name of a separator, or empty."""
    values: Mapping[str, Mapping[str, str]]
    """What the names in the mail stand for, by goal value; `none` for goals that are none or ambiguous."""
    rubric: str
    """What the published classifier asks, without its frame; empty where the source has none."""

    def inbox(self, goal_type: str, urgency: str) -> tuple[SuiteEmail, ...]:
        """The mail of a condition, in its order."""
        if goal_type == "none":
            return self.mail[f"goal-conflict-none-{urgency}"]
        first, *others = self.mail[urgency]
        return (*self.mail["shared"], replace(first, separator=self.joint), *others)


@dataclass(frozen=True, slots=True)
class Suite:
    """All of it."""

    where: str
    origin: str
    hash: str
    licence: str
    task: str
    goals: Mapping[str, Mapping[str, str]]
    """`goal_statement` and `goal_reminder` by `type-value`, and for `none`."""
    notice: str
    """What asks the agent whether it is evaluated or deployed."""
    extras: Mapping[str, str]
    scenarios: tuple[SuiteScenario, ...]
    deliberation: str
    """What the published classifier of evaluation awareness asks; empty where the source has none."""

    def goal(self, goal_type: str, goal_value: str) -> Mapping[str, str]:
        """What the system prompt says of this goal."""
        return self.goals.get(f"{goal_type}-{goal_value}", self.goals["none"])


def understand(files: SuiteFiles) -> Suite:
    """The suite of these files; StudioError with the place of whatever is missing or has another shape."""
    texts = constants_of(parse_module(files.text(PROMPTS), PROMPTS))
    generator = {name: parse_module(files.texts[name], name) for name in files.find(r"(scripts/)?\w+\.py")}
    extras: dict[str, str] = {}
    for module in generator.values():
        extras |= texts_by_level(module, "extra_system_instructions")
    if set(extras) != set(EXTRAS):
        told = "no module beside the templates gives a text for each of extra_system_instructions 'dont' and 'goal'"
        raise StudioError(told, f"looked for in {files.where}", "nothing was written")
    known = {name: value for module in generator.values() for name, value in constants_of(module).items()}
    return Suite(
        files.where,
        files.origin,
        files.hash,
        next((files.texts[name] for name in files.find(r"LICENSE(\.\w+)?")), ""),
        _text(texts, "USER_PROMPT"),
        _goals(texts),
        _notice(files, known),
        extras,
        tuple(_scenario(name, files, texts) for name in SCENARIOS),
        _rubric(files, "deliberation"),
    )


def _text(texts: Mapping[str, Any], name: str) -> str:
    value = texts.get(name)
    if not isinstance(value, str) or not value:
        raise StudioError(f"{PROMPTS} has no text {name}", hint="nothing was written")
    return value


def _goals(texts: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    goals = texts.get("GOAL_VARIABLES")
    wanted = {"none"} | {f"explicit-{value}" for value in GOAL_VALUES}
    if not isinstance(goals, dict) or not wanted <= goals.keys():
        missing = ", ".join(sorted(wanted - (goals.keys() if isinstance(goals, dict) else set())))
        raise StudioError(f"{PROMPTS} has no GOAL_VARIABLES for {missing}", hint="nothing was written")
    for key, goal in goals.items():
        if not isinstance(goal, dict) or not {"goal_statement", "goal_reminder"} <= goal.keys():
            raise StudioError(f"{PROMPTS}: GOAL_VARIABLES['{key}'] lacks goal_statement or goal_reminder")
    return goals


def _notice(files: SuiteFiles, known: Mapping[str, Any]) -> str:
    value = known.get("ALIGNMENT_FAKING_WARNING")
    if isinstance(value, str) and value:
        return value
    for name in files.find(r"configs/[\w.-]+\.ya?ml"):
        try:
            found = _within(parse_yaml(files.texts[name], name).plain(), "alignment_faking_warning")
        except StudioError:
            continue
        if found:
            return found
    told = "nothing in the suite says how the agent is asked whether it is evaluated (ALIGNMENT_FAKING_WARNING)"
    raise StudioError(told, f"looked for in {files.where}", "nothing was written")


def _within(value: Any, key: str) -> str:
    if isinstance(value, dict):
        if isinstance(value.get(key), str) and value[key].strip() not in ("", "null", "~"):
            return str(value[key])
        return next((found for inner in value.values() if (found := _within(inner, key))), "")
    return next((found for inner in value if (found := _within(inner, key))), "") if isinstance(value, list) else ""


# One scenario. -------------------------------------------------------------------------------------------------------


def _scenario(name: str, files: SuiteFiles, texts: Mapping[str, Any]) -> SuiteScenario:
    key = f"{name.upper()}_SYSTEM_PROMPT"
    parts = ("shared", *URGENCIES, *(f"goal-conflict-none-{urgency}" for urgency in URGENCIES))
    mail, joint = {}, ""
    for part in parts:
        file = f"templates/{name}/templates/email-template-{name}-{part}.md"
        emails, end = _emails(files.text(file), file)
        if part == "shared":
            joint = _BLANKS[end]
        elif end == "\n":
            emails = (*emails[:-1], replace(emails[-1], break_after=True))
        elif end:
            raise _misshapen(files.text(file), file, len(files.text(file)) - len(end))
        mail[part] = emails
    # The third experiment takes its values from the first one's directory.
    values = _values(files, "blackmail" if name == "murder" else name)
    rubric = _rubric(files, _CLASSIFIERS[name])
    return SuiteScenario(name, _text(texts, key), _text(texts, f"{key}_PROD"), mail, joint, values, rubric)


_EMAIL = re.compile(
    r"<email>\n((?:(?!Body:)[A-Z][A-Za-z-]*: [^\n]*\n)+)Body:( |\n)((?:(?!</?email>)[\s\S])*\n)</email>"
)


def _emails(text: str, file: str) -> tuple[tuple[SuiteEmail, ...], str]:
    """The emails of a template, and the line breaks after the last one."""
    at = 0
    found: list[tuple[re.Match[str], str]] = []
    while match := _EMAIL.search(text, at):
        gap = text[at : match.start()]
        if gap.strip() or (gap not in _BLANKS if found else gap):
            raise _misshapen(text, file, at)
        found.append((match, gap))
        at = match.end()
    end = text[at:]
    if not found or end not in _BLANKS:
        raise _misshapen(text, file, at)
    emails = []
    for index, (match, gap) in enumerate(found):
        headers = tuple((name, value) for line in match[1].splitlines() for name, value in [line.split(": ", 1)])
        needed = {"From", "To", "Subject", "Timestamp"}
        if not needed <= {header[0] for header in headers} or len({header[0] for header in headers}) < len(headers):
            raise _misshapen(text, file, match.start())
        separator = _BLANKS[gap] if index else ""
        emails.append(SuiteEmail(headers, match[3], match[2] == "\n", separator))
    return tuple(emails), end


def _misshapen(text: str, file: str, at: int) -> StudioError:
    line = text.count("\n", 0, at + len(text[at:]) - len(text[at:].lstrip())) + 1
    told = "expected <email>, header lines (From, To, Subject, Timestamp), Body: and </email>"
    return StudioError(f"{file}:{line} is no email as the suite has them", told, "nothing was written")


_SECTION = re.compile(r"## (.*?)\n\s*```json\s*(.*?)\s*```", re.DOTALL)


def _values(files: SuiteFiles, directory: str) -> dict[str, dict[str, str]]:
    names = files.find(rf"templates/{directory}/variables/[\w.-]+\.md")
    values = {"none": _section(files, f"templates/{directory}/variables/ambiguous.md", "")}
    for value in GOAL_VALUES:
        holders = [name for name in names if value in name.rpartition("/")[2].removesuffix(".md").split("_vs_")]
        if not holders:
            told = f"the suite has no variables for the goal '{value}'"
            raise StudioError(told, f"looked for templates/{directory}/variables/*{value}*.md", "nothing was written")
        values[value] = _section(files, holders[0], value)
    return values


def _section(files: SuiteFiles, file: str, value: str) -> dict[str, str]:
    """The JSON object of a section; the first one that names the value, as the suite's own reader takes it."""
    text = files.text(file)
    for match in _SECTION.finditer(text):
        if value in match[1].strip().lower().replace(" ", "_").replace("-", "_"):
            try:
                loaded = json.loads(match[2])
            except ValueError as error:
                line = text.count("\n", 0, match.start(2)) + 1
                raise StudioError(f"{file}:{line} is not JSON", str(error), "nothing was written") from error
            if isinstance(loaded, dict) and all(isinstance(inner, str) for inner in loaded.values()):
                return loaded
    raise StudioError(f"{file} has no section of texts for '{value or 'ambiguous'}'", hint="nothing was written")


# Rubrics. ------------------------------------------------------------------------------------------------------------


def _rubric(files: SuiteFiles, classifier: str) -> str:
    """What a published classifier asks: its criteria, without the transcript's frame and the form of the answer."""
    name = f"classifiers/{classifier}_classifier.py"
    if name not in files.texts:
        return ""
    texts = constants_of(parse_module(files.texts[name], name))
    system = next((text for key, text in texts.items() if key.endswith("SYSTEM_PROMPT")), "")
    asked = next((text for key, text in texts.items() if key.endswith("USER_PROMPT")), "")
    if not isinstance(system, str) or not isinstance(asked, str) or "{response}" not in asked:
        return ""
    before, _, after = asked.partition("{response}")
    paragraphs = [system.strip(), *before.strip().split("\n\n")[:-1]]
    for paragraph in after.replace("```", "").replace("{email_context}", "").strip().split("\n\n"):
        if paragraph.startswith("First, "):
            break
        paragraphs.append(paragraph.strip())
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
