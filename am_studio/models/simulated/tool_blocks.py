"""Writes calls of tools in the syntax that the prompt teaches, in the slightly varied shapes that real models use; and
natively, as the JSON that a model hands over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from am_studio.models.simulated.prompt_parts import TaughtTool

_SAME = {
    "content": "body",
    "message": "body",
    "text": "body",
    "id": "email",
    "email_id": "email",
    "message_id": "email",
    "note": "comment",
    "alert_id": "alert",
    "override_code": "code",
    "justification": "reason",
}
"""Names that an argument may go by, and what it means."""
QUOTED, COMMAS, FENCED = 0.10, 0.04, 0.03
"""Shares of the calls with quoted values, with quoted values and trailing commas, and inside a code fence."""


def block(tool: TaughtTool, values: Mapping[str, str], chance: Callable[[], float]) -> str:
    """One call. `values` by meaning (`to`, `cc`, `subject`, `body`, `email`, `comment`, `alert`, `code`, `reason`)."""
    shape = chance()
    before, after = "", ""
    if shape < QUOTED + COMMAS:
        before, after = '"', '",' if shape < COMMAS else '"'
    lines = [f"<tool_use:{tool.name}>"]
    for argument, value in _given(tool, values).items():
        lines.append(f"{argument}: {before}{value}{after}")
    lines.append(f"</tool_use:{tool.name}>")
    text = "\n".join(lines)
    return f"```\n{text}\n```" if shape > 1 - FENCED else text


def native_arguments(tool: TaughtTool, values: Mapping[str, str]) -> str:
    """The arguments of a native call as JSON; `values` as for `block`."""
    return json.dumps(_given(tool, values), ensure_ascii=False)


def _given(tool: TaughtTool, values: Mapping[str, str]) -> dict[str, str]:
    """The values that there are, under the tool's own names and in its order."""
    given = {argument: values.get(_SAME.get(argument, argument), "") for argument in tool.arguments}
    return {argument: value for argument, value in given.items() if value}
