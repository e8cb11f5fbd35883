"""Every action of the study screen, as the command palette shows it."""

from __future__ import annotations

from am_studio.tui.palette import Command

COMMANDS = (
    Command("study: Launch", "Start the run; asks once, with its greatest cost.", "launch"),
    Command("study: Advice", "Which design fits: by a pilot of 10 + 10 trials a model.", "advise"),
    Command("study: Power", "Smallest detectable changes; what other numbers of trials would find.", "power"),
    Command("study: Save", "Write the study to its file.", "save"),
    Command("study: Save as", "Write the study to another file.", "save_as"),
    Command("study: Check", "Check it anew, its scenario too.", "check"),
    Command("study: Next problem", "Go to the field with the next problem.", "next_problem"),
    Command("study: Undo", "Undo the last change.", "undo"),
    Command("study: Redo", "Do again what was undone.", "redo"),
    Command("study: Next pane", "From form to plan to text.", "next_pane"),
    Command("study: Open scenario", "Edit the scenario that the study is about.", "open_scenario"),
)
