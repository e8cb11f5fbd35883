"""What stands on everything that is made of a run: that its subjects are simulated, that its trials were imported."""

from __future__ import annotations

from am_studio.reports.effect_table import STAMP
from am_studio.runs.plan import Plan


def stamp_of(plan: Plan, *, simulated: bool) -> str:
    """The stamp in a line; empty where there is nothing to be said."""
    told = [STAMP] if simulated else []
    if plan.imported is not None:
        told.append(f"IMPORTED: no plan was registered before these trials were made. {plan.imported.told}")
    return "; ".join(told)
