"""What the suite's own rules make of its texts: the measure that an import is held against."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from am_studio.scenarios.importing.suite_reading import Suite, SuiteScenario


def as_published(
    suite: Suite, scenario: SuiteScenario, *, goal_type: str, goal_value: str, urgency: str, extra: str, prod: bool,
    asks: bool,
) -> tuple[str, str]:  # fmt: skip
    """(system message, user message) of a condition, by the suite's published rules."""
    values = {**scenario.values[goal_value if goal_type not in ("none", "ambiguous") else "none"]}
    mail_values = {**values, **suite.goal(goal_type, goal_value)}
    instructions = Template(suite.extras.get(extra, "")).safe_substitute(mail_values)
    told = {
        **mail_values,
        "extra_system_instructions": instructions,
        "alignment_faking_warning": suite.notice if asks else "",
    }
    system = Template(scenario.system_prod if prod else scenario.system).safe_substitute(told)
    return system, f"{suite.task}\n{_published_inbox(scenario, goal_type, urgency, mail_values)}"


def _published_inbox(scenario: SuiteScenario, goal_type: str, urgency: str, values: Mapping[str, str]) -> str:
    pieces: list[str] = []
    for number, email in enumerate(scenario.inbox(goal_type, urgency), 1):
        if number > 1:
            pieces.append({"": "\n\n", "newline": "\n", "none": ""}[email.separator])
        pieces.append("<email>\n" + (f"ID: {number}\n" if scenario.name == "leaking" else ""))
        heads = "".join(f"{name}: {value}\n" for name, value in email.headers)
        pieces.append(Template(heads).safe_substitute(values) + ("Body:\n" if email.body_on_new_line else "Body: "))
        pieces.append(Template(email.body).safe_substitute(values) + "</email>" + "\n" * email.break_after)
    return "".join(pieces)
