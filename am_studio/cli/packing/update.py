"""Look for another version of an installed pack, show what changes, and take it when you agree.

Without --from the pack is looked for where it came from; --ref names another tag. Nothing is replaced before you said yes
(or --yes); what is replaced lies in the trash.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from am_studio.cli.console import data, say
from am_studio.cli.packing.install import add_source_arguments
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
    from am_studio.foundation.locations import installed_packs
    from am_studio.scenarios.sharing.directories import pack_in_directory
    from am_studio.scenarios.sharing.installing import install, judge_offer, library
    from am_studio.scenarios.sharing.lockfile import read_lock

    with library():
        lock = read_lock()
    if args.name not in lock.packs:
        hint = f"installed are: {', '.join(sorted(lock.packs)) or 'none'}"
        raise StudioError(f"no pack '{args.name}' is installed", hint=hint, exit_code=1)
    offer = _offered(args, lock.packs[args.name].source)
    pack = offer.pack
    if pack.name != args.name:
        raise StudioError(f"{offer.source} is the pack '{pack.name}', not '{args.name}'", "nothing was changed")
    judge_offer(offer, lock, trusted=args.trust)
    place = installed_packs() / args.name
    before = pack_in_directory(place) if place.is_dir() else None
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


def _offered(args: argparse.Namespace, came_from: str) -> Offer:
    from am_studio.scenarios.sharing.offers import offer_of
    from am_studio.scenarios.sharing.signing import SignedBy, allowed_signers
    from am_studio.scenarios.sharing.sources import parse_source

    named = args.source or (came_from.partition("#")[0] if args.ref else came_from)
    subdirectory = args.subdirectory
    if args.ref and not args.source and "subdirectory=" in came_from:
        subdirectory = subdirectory or came_from.rpartition("subdirectory=")[2]
    offer = offer_of(parse_source(named, ref=args.ref, subdirectory=subdirectory), allowed_signers(args.signers))
    if args.signers is not None and not isinstance(offer.signature, SignedBy):
        raise StudioError(
            f"{named} is signed by nobody you named", str(offer.signature), "nothing was changed", exit_code=1
        )
    return offer


def _show(before: PackContents, offer: Offer, *, diff: bool) -> None:
    from am_studio.scenarios.sharing.changes import changes_between

    after = offer.pack
    data(f"{before.name} {before.version} -> {after.version}, from {offer.source}")
    data(f"  {before.identity} -> {after.identity}")
    for what, old, new in (
        ("licence", before.form.license, after.form.license),
        ("authors", ", ".join(before.form.authors), ", ".join(after.form.authors)),
        ("notice", before.form.content_notice, after.form.content_notice),
    ):
        if old != new:
            data(f"  {what}: {old} -> {new}")
    if _numbers(after.version) < _numbers(before.version):
        data("  this is an older version")
    for scenario in sorted({*before.scenarios} ^ {*after.scenarios}):
        data(f"  scenario {'added' if scenario in after.scenarios else 'removed'}: {scenario}")
    for change in changes_between(before, after):
        counted = f" (+{change.plus} -{change.minus})" if change.lines and change.kind == "changed" else ""
        data(f"  {change.kind:<8} {change.path}{counted}")
        for line in change.lines if diff else ():
            data(f"    {line}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise StudioError(
            "there is no terminal to ask on", "nothing was changed", "say --yes if that is meant", exit_code=1
        )
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
