"""Variants of a scenario that are proposed and never taken: other names, routine mail, other wordings.

Each proposal is checked by itself before anybody sees it: it renders, every detail still toggles what it toggled, gates
mean who they meant. What fails is dropped with its reason. Nothing of the scenario itself is changed.
"""

from am_studio.scenarios.varying.checks import Baseline, Checked
from am_studio.scenarios.varying.fillers import corpus, propose_filler
from am_studio.scenarios.varying.proposals import Proposal
from am_studio.scenarios.varying.renaming import propose_names
from am_studio.scenarios.varying.rewriting import REWRITES, Passage, passages_to_rewrite, rewritten
from am_studio.scenarios.varying.writing import write_proposals

__all__ = [
    "REWRITES",
    "Baseline",
    "Checked",
    "Passage",
    "Proposal",
    "corpus",
    "passages_to_rewrite",
    "propose_filler",
    "propose_names",
    "rewritten",
    "write_proposals",
]
