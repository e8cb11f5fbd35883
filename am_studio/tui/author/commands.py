"""Every action of the author screen, as the command palette shows it."""

from __future__ import annotations

from am_studio.tui.palette import Command

COMMANDS = (
    Command("author: Save", "Write the changed files.", "save"),
    Command("author: Undo", "Undo the last change, wherever it was made.", "undo"),
    Command("author: Redo", "Redo what was undone.", "redo"),
    Command("author: Study", "Make a study of this scenario.", "study"),
    Command("author: Against the base", "What this overlay changes in the scenario below, as prose.", "base"),
    Command("author: Find and replace", "Over all texts of the scenario.", "find"),
    Command("author: Make this a detail", "Wrap the selected text in a switch and declare it.", "make_detail"),
    Command("author: Findings", "What makes the mail hard to believe, and why some of it stays.", "findings"),
    Command("author: Propose variants", "Renamed casts, routine mail, other wordings, to be reviewed.", "vary"),
    Command("author: Realism", "Which emails a model tells from everyday mail.", "realism"),
    Command("author: Edit in $EDITOR", "Edit the selected text in your own editor, as one change.", "external_editor"),
    Command("author: Edit head as text", "Edit an email's head and body together, or as a form again.", "toggle_raw"),
    Command("email: Add", "Add an email after the selected one.", "add_email"),
    Command("email: Duplicate", "Copy the selected email.", "duplicate_email"),
    Command("email: Delete", "Delete the selected email; undo brings it back.", "delete_email"),
    Command("email: Move earlier", "Move the selected email before its neighbour.", "move_email('up')"),
    Command("email: Move later", "Move the selected email after its neighbour.", "move_email('down')"),
    Command("email: Edit head", "Go to the form with sender, subject and time.", "edit_head"),
    Command("preview: What is off", "Show, struck through, what the variant does not have.", "toggle_off"),
    Command("preview: Compare", "Show what the variant changes against the defaults.", "toggle_diff"),
    Command("preview: Reset variant", "Preview the scenario's defaults.", "reset_variant"),
    Command("go: Inbox", "The list of texts.", "pane('inbox')"),
    Command("go: Text", "The selected text.", "show_tab('text')"),
    Command("go: Details", "The levels of the previewed variant.", "pane('details')"),
    Command("go: Preview", "What the subject reads.", "pane('preview')"),
    Command("form: Details", "Labels, groups, hypotheses, levels.", "show_tab('details')"),
    Command("form: Cast", "The people, lists and services.", "show_tab('cast')"),
    Command("form: Outcomes", "The questions asked of every trial, and their terms.", "show_tab('outcomes')"),
    Command("form: Constraints", "What every allowed variant makes true.", "show_tab('constraints')"),
    Command("form: Scenario", "Title, company, agent, clock, inbox and tools.", "show_tab('scenario')"),
    Command("form: Add", "Add a detail, a person or an outcome in the open form.", "add_record"),
    Command("form: Remove", "Remove what is chosen in the open form.", "remove_record"),
)
