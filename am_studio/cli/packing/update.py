"""Look for another version of an installed pack, show what changes, and take it when you agree.

Without --from the pack is looked for where it came from; --ref names another tag. Nothing is replaced before you said yes
(or --yes); what is replaced lies in the trash.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from am_studio.cli.console import data, say
from am_studio.cli.packing.install import add_source_arguments, wanted
from am_studio.foundation.errors import StudioError

if TYPE_CHECKING:
    from am_studio.scenarios.sharing.contents import PackContents
    from am_studio.scenarios.sharing.installing import Offer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which pack, from where, and whether to ask."""
    parser.add_argument("name", metavar="NAME", help="an installed pack")
    parser.add_argument("--from", dest="source", default="", metavar="SOURCE", help="as `pack install` takes it")
    add_source_arguments(parser)
    parser.add_argument("--diff", action="store_true", help="show the changed lines too")
    parser.add_argument("--yes", action="store_true", help="take it without asking")


def run(args: argparse.Namespace) -> int:
    """Read both, compare, ask, replace."""
    from am_studio.scenarios.sharing.installing import install, judge_offer
    from am_studio.scenarios.sharing.lockfile import read_lock
    from am_studio.scenarios.sharing.preview import installed_contents, offered_again

    offer = offered_again(args.name, wanted(args, args.source))
    pack = offer.pack
    judge_offer(offer, read_lock(), trusted=args.trust)
    before = installed_contents(args.name)
    if before is not None and before.identity == pack.identity:
        say(f"{pack.name} {pack.version} is what is installed: {pack.identity}")
        return 0
    if before is not None:
        _show(before, offer, diff=args.diff)
    if not args.yes and not _agreed(
        f"Replace {args.name}?" if before else f"Install {args.name} {pack.version} again?"
    ):
        say("nothing was changed")
        return 1
    install(offer, replacing=True, trusted=args.trust)
    say(f"{pack.name} is {pack.version} now: {pack.identity}")
    return 0


def _show(before: PackContents, offer: Offer, *, diff: bool) -> None:
    from am_studio.scenarios.sharing.changes import changes_between, said_otherwise

    after = offer.pack
    data(f"{before.name} {before.version} -> {after.version}, from {offer.source}")
    data(f"  {before.identity} -> {after.identity}")
    for line in said_otherwise(before, after):
        data(f"  {line}")
    for change in changes_between(before, after):
        counted = f" (+{change.plus} -{change.minus})" if change.lines and change.kind == "changed" else ""
        data(f"  {change.kind:<8} {change.path}{counted}")
        for line in change.lines if diff else ():
            data(f"    {line}")


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise StudioError(
            "there is no terminal to ask on", "nothing was changed", "say --yes if that is meant", exit_code=1
        )
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
