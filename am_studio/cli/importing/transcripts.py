"""Bring in transcripts that somebody else generated, as a run to be judged, labelled, analysed and exported.

SOURCE is a .jsonl, .json, .csv, .tsv or .parquet file with a row a trial, or a folder with a response.json a trial (the folders
on the way become the columns folder1, folder2, ...).

Which column is what is guessed, shown and asked, or said: --map reply=response,prompt=messages,model=engine,arm=condition,
detail.ceo=ceo_reachable,verdict.blackmail=label. Fields: reply, reasoning, prompt, system, model, arm, finish, error, time; any
number of detail.NAME (a factor) and verdict.OUTCOME (a judgement that the source has). A dot reaches inside: raw.model.
--mapping FILE has the same as YAML. A column `prompt` with whole chats gives prompt and replies.

Without --scenario a scenario is guessed from the prompt, with one rough outcome. The prompt may be unknown; that is said.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.console import say
from am_studio.cli.importing.shared import add_run_arguments, choices_of, confirmed, out_path, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a file or a folder")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        dest="columns",
        help="which column is what; may be repeated",
    )
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="the same as a YAML file")
    parser.add_argument("--model", default="", metavar="M", help="the model, where no column names it")
    parser.add_argument(
        "--prompt",
        type=Path,
        metavar="FILE",
        help="the prompt of every trial, where no column has it: text or chat JSON",
    )
    parser.add_argument("--generator", default="", metavar="WHO", help="who or what generated them, for the record")
    parser.add_argument("--yes", action="store_true", help="take the guessed columns without asking")
    add_run_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the import out."""
    from am_studio.foundation.files import read_text
    from am_studio.runs.importing.build import make_run
    from am_studio.runs.importing.mapping import map_columns, read_mapping
    from am_studio.runs.importing.rows import read_rows
    from am_studio.runs.importing.transcripts import found_transcripts
    from am_studio.scenarios.importing.chat import read_chat

    given = read_mapping(args.columns, args.mapping)
    prompt = read_chat(read_text(args.prompt), str(args.prompt)).messages if args.prompt else ()
    choices = choices_of(args, args.source)
    rows = read_rows(args.source)
    mapped = map_columns(rows.rows, given)
    if mapped.guessed:
        say(f"{len(rows.rows)} rows; guessed: --map {mapped.told}")
        say(f"not used: {', '.join(mapped.unused) or 'none'}")
        if not args.yes and not confirmed("Are the columns right?"):
            say("nothing was written; say --map")
            return 1
    found = found_transcripts(rows, mapped, model=args.model, prompt=prompt, generator=args.generator)
    tell(make_run(found, choices, out_path(args, choices)), as_json=args.json)
    return 0
