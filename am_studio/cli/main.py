"""The entry point: finds the verb, loads its module alone, turns errors into words and exit codes.

Exit codes: 0 done; 1 findings (problems in a file, a run with failures); 2 a wrong call or a file that cannot be used;
130 stopped by the user.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from keyword import iskeyword

from am_studio.foundation.errors import StudioError
from am_studio.version import __version__

VERBS: dict[str, str] = {
    "studio": "open the studio (the same as no command at all)",
    "new": "start a pack of your own from a scenario",
    "schema": "print the JSON Schema of a file format",
    "check": "find every mistake that can be known before a call",
    "lint": "what makes a scenario's mail hard to believe, and a way out",
    "vary": "propose other names, routine mail and wordings, to be reviewed",
    "realism": "whether the mail would be taken for real, and what gives it away",
    "render": "what the subject reads, and why each stretch is there",
    "diff": "what changing details changes in the prompt",
    "plan": "what a study would do: arms, calls, greatest cost",
    "run": "carry out a study and show the effects",
    "resume": "complete a run that was stopped",
    "retry": "ask again what failed in a run",
    "runs": "list runs and their state",
    "watch": "follow a run from another terminal",
    "verify": "find what is damaged in a run file",
    "label": "label transcripts by hand, so that the judge's error is known",
    "judge": "judge a run again, by another judge or rubric",
    "analyze": "the effect table of a run",
    "reproduce": "check a result bundle: do again all that led to its numbers",
    "report": "a run as a page, Markdown or text, with plots for a paper",
    "compare": "what differs between runs, and whether rates and effects do, by tests",
    "power": "what a study, or two rates, can find with n trials; before paying",
    "stats": "a calculator: intervals, tests, agreement, power, on any numbers",
    "selftest": "replay published numbers and check that intervals cover",
    "parse": "read a reply into actions and verdicts",
    "pack": "packs: check, build, verify, install, sign, compare, pages of them",
    "import": "bring in published experiments, transcripts, logs, prompts, mailboxes",
    "export": "hand over a run, a study or a scenario to others and other tools",
    "sim": "simulated subjects: what they react to, how likely; the same over HTTP",
    "models": "which providers have keys; models with their prices",
    "doctor": "check the installation, or one model with a single cheap call",
    "changelog": "what is new, by version",
}
"""Every verb and its one-line summary; the module of the same name in `commands/` carries it out."""
_PLAIN = "With --plain, or AM_STUDIO_PLAIN=1 in the environment: tables one fact a line, no colour, no redrawing."


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    from am_studio.cli.console import told_as_asked

    with told_as_asked(sys.argv[1:] if arguments is None else arguments) as words:
        return _carried_out(words)


def _carried_out(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        print(f"am-studio {__version__}")
        return 0
    if words and words[0] in ("-h", "--help", "help"):
        print(_help())
        return 0
    verb, rest = (words[0], words[1:]) if words and not words[0].startswith("--") else ("studio", words)
    try:
        if verb not in VERBS:
            import shlex
            from pathlib import Path

            from am_studio.foundation.errors import nearest

            path = Path(verb).exists()
            hint = f"to open it: am-studio studio {shlex.quote(verb)}" if path else nearest(verb, VERBS)
            raise StudioError(f"there is no command '{verb}'", hint=hint)
        module = importlib.import_module(f"am_studio.cli.commands.{verb}{'_' * iskeyword(verb)}")
        parser = argparse.ArgumentParser(
            prog=f"am-studio {verb}",
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog=_PLAIN,
        )
        module.add_arguments(parser)
        rest = module.with_kind(rest) if verb == "export" else rest
        return int(module.run(parser.parse_args(rest)))
    except StudioError as error:
        _tell(error)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away (head, less): nothing is wrong here.
        sys.stderr.close()
        return 0


def _tell(error: StudioError) -> None:
    from am_studio.cli.console import say

    say(f"am-studio: {error.title}")
    for part in (error.detail, error.hint):
        if part:
            say("  " + part.replace("\n", "\n  "))


def _help() -> str:
    width = max(map(len, VERBS))
    lines = [f"  {verb:<{width}}  {summary}" for verb, summary in VERBS.items()]
    return "\n".join(
        [
            "usage: am-studio [VERB ...]",
            "",
            "Compose agentic-misalignment scenarios, remove details, see what each removal changes.",
            "",
            *lines,
            "",
            "Without a verb the studio opens. am-studio VERB --help tells more. Data goes to stdout, talk to stderr.",
            _PLAIN,
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
