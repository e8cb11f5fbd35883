"""The import dialogs: which kind, from where, into what; then the command does it and what came of it is opened.

Options that are not asked about here are those of `am-studio import KIND`, which the dialogs carry out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.tui.command_screen import CommandScreen
from am_studio.tui.picking import PickScreen
from am_studio.tui.strangers import filled, plain
from am_studio.tui.widgets import AskScreen, Field

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be brought in."""

    verb: str
    """Of `am-studio import`."""
    title: str
    told: str
    source: str
    """What the path is, as a label."""
    fields: tuple[tuple[str, str], ...] = ()
    """(option, label) of what else is asked; each may be left empty."""
    fixed: tuple[str, ...] = ()
    """Options that always go with it."""
    source_option: str = ""
    """The option that takes the path; empty: it is an argument. Only with an option may it be left out."""


_SCENARIO = (("--scenario", "Judge by the outcomes of this scenario (a reference; may be empty)"),)
_RUN = (*_SCENARIO, ("--outcome", "The outcome that tables are about (may be empty)"))
_PACK = (("--out", "The pack to make it in (empty: imported)"), ("--name", "The scenario's name (may be empty)"))
KINDS = (
    Kind(
        "agentic-misalignment", "Published suite", "agentic misalignment: a pack of three scenarios",
        "Where it is (empty: the installed inspect_evals)", (("--out", "The new pack (empty: among installed packs)"),),
        source_option="--from",
    ),
    Kind(
        "transcripts", "Transcripts", "generated elsewhere: a run", "A file (jsonl, json, csv, parquet) or a folder",
        (("--map", "Which column is what, as reply=response,model=engine (empty: guessed)"),
         ("--model", "The model, where no column names it"), *_RUN), ("--yes",),
    ),
    Kind("inspect-log", "Inspect log", "a run", "A log, or a folder of them", _RUN),
    Kind("prompt", "Prompt", "system prompt and inbox as text or chat JSON: a scenario", "The file", _PACK),
    Kind("mbox", "Mailbox", "an mbox file: a scenario", "The file", _PACK, ("--reserved-domains",)),
    Kind("eml", "Messages", "a folder of .eml files: a scenario", "A file or a folder", _PACK, ("--reserved-domains",)),
)  # fmt: skip


def arguments(kind: Kind, texts: Mapping[str, str]) -> tuple[str, ...]:
    """The command that does what was filled in."""
    found = ["import", kind.verb, *kind.fixed]
    for option, _ in kind.fields:
        if texts.get(option):
            found.append(f"{option}={texts[option]}")
    source = str(Path(texts["source"]).expanduser()) if texts["source"] else ""
    if kind.source_option:
        return (*found, *([f"{kind.source_option}={source}"] if source else []))
    # After --, a file whose name begins with a hyphen is a file.
    return (*found, "--", source)


def lacking(kind: Kind, texts: Mapping[str, str]) -> str:
    """What is wrong with what was filled in; empty: nothing."""
    if not texts["source"]:
        return "" if kind.source_option else "say where it is"
    return "" if Path(texts["source"]).expanduser().exists() else "there is nothing at this path"


async def import_something(app: StudioApp) -> Path | None:
    """Ask, import, and tell; the run or the directory that was made and is to be opened, else None."""
    picked = await app.push_screen_wait(
        PickScreen(plain("Bring in what?"), [(each.title, each.told) for each in KINDS])
    )
    if picked is None:
        return None
    kind = KINDS[picked]
    fields = (*(Field(option, label) for option, label in kind.fields), Field("source", kind.source))
    asked = AskScreen(
        filled("Import: {kind}", kind=kind.title), fields, verb="Import", check=lambda texts: lacking(kind, texts)
    )
    texts = await app.push_screen_wait(asked)
    if not texts:
        return None
    doing = CommandScreen(plain("Importing …"), plain("Imported"), arguments(kind, texts), "Open it")
    said = await app.push_screen_wait(doing)
    return None if said is None or not said.result else Path(said.result.splitlines()[0])
