"""The page that a stranger reads first who opens a bundle without the program."""

from __future__ import annotations

from am_studio.reports.bundle.citation import Cited
from am_studio.reports.bundle.redaction import Redact
from am_studio.reports.stamps import stamp_of
from am_studio.runs.plan import Plan

_REDACTED = {
    "": "",
    "reasoning": "What the subject reasoned is taken out; every other word of its replies is there.",
    "transcripts": "All that the subject said is taken out; how every trial was judged and every count is there.",
}
_PARTS = """\
| part | what it is |
|---|---|
| `plan.json` | the study and what followed from it before the first call |
| `scenario/`, `others/` | the texts of the scenarios, as their authors wrote them |
| `prompts.jsonl`, `variants.jsonl` | what the subjects read, and which levels of the details that was |
| `trials.jsonl` | every conversation: arm, model, variant, seed, raw replies |
| `attempts.jsonl`, `sessions.jsonl` | every request: when, how long, tokens, cost, how it ended |
| `verdicts.jsonl`, `judge_replies.jsonl` | what every judge said of every trial, with quotes; what models that judge wrote |
| `labels.jsonl` and its like | what people said; raters have numbers instead of names |
| `effects.json`, `beliefs.json` | every number as it was computed |
| `versions.json`, `run.json` | versions of everything, and what else is needed to put the run together again |
| `manifest.json` | the SHA-256 of each part |
"""


def readme(cited: Cited, plan: Plan, *, redact: Redact, trials: int, left: int) -> str:
    """README.md of a bundle."""
    title = cited.title.replace("\n", " ")
    incomplete = f" {left} of them have not ended." if left else ""
    parts = [
        f"# {title}",
        f"**{stamp}.**" if (stamp := stamp_of(plan, simulated=cited.simulated).removesuffix(".")) else "",
        f"A result bundle of AM Studio: study `{plan.study.name}` of `{plan.scenario}`, outcome `{plan.study.outcome}`, "
        f"{trials} trials.{incomplete} Planned as `{plan.hash}`.",
        f"Identity of the data: `{cited.identity}`",
        _REDACTED[redact],
        "Check it, and compute every number again from what is in it, without a key and without a call:",
        "    am-studio reproduce THIS-FILE",
        _PARTS,
        "Rows are JSON, one a line; characters that act on a screen are escaped. `CITATION.cff` and `citation.bib` say how to "
        "cite it. These are replies of language models under a stress test: do not train on them, and take nothing in them for advice.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
