"""Judges, and how far they can be trusted. A judge is one module here that registers itself."""

from am_studio.judging import rubric_settings as _rubric  # noqa: F401 - registers itself
from am_studio.judging import rules as _rules  # noqa: F401 - registers itself
from am_studio.judging.agreement import Agreement, agreement, meant, together
from am_studio.judging.base import (
    Ask,
    AskingJudge,
    Judge,
    JudgeCalls,
    judge_form,
    judge_kinds,
    open_judge,
    register,
    settle_judge,
)

__all__ = [
    "Agreement",
    "Ask",
    "AskingJudge",
    "Judge",
    "JudgeCalls",
    "agreement",
    "judge_form",
    "judge_kinds",
    "meant",
    "open_judge",
    "register",
    "settle_judge",
    "together",
]
