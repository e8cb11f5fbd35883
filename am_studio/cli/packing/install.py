"""Install a pack from a directory, a zip file or a git repository into your own library.

SOURCE is a path, https://HOST/REPOSITORY, ssh://USER@HOST/REPOSITORY or USER@HOST:REPOSITORY. A repository may be followed
by #TAG (or a branch, or a whole commit) and &subdirectory=DIR, as in https://host.example/packs#v1.2.0&subdirectory=mine.
Everything is read into memory and judged before anything is written; it is installed whole or not at all. The lock file
remembers exactly what was installed, and refuses another content under the same version.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.cli.console import data, say

if TYPE_CHECKING:
    from am_studio.scenarios.sharing.preview import Wanted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it comes from, and what it should be."""
    parser.add_argument("source", metavar="SOURCE")
    add_source_arguments(parser)
    parser.add_argument("--expect", default="", metavar="IDENTITY", help="install only what has this identity, h1:...")


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """What says more about a source, and who vouches for it."""
    parser.add_argument("--ref", default="", help="of a repository: a tag, a branch or a whole commit")
    parser.add_argument("--subdirectory", default="", metavar="DIR", help="of a repository: where the pack lies in it")
    parser.add_argument("--signers", type=Path, metavar="FILE", help="allowed signers; the pack must be signed by one")
    parser.add_argument(
        "--trust", default="", metavar="IDENTITY", help="take this although it is not what was seen before"
    )


def run(args: argparse.Namespace) -> int:
    """Read, judge, install, tell."""
    from am_studio.scenarios.sharing.installing import install
    from am_studio.scenarios.sharing.preview import offered

    offer = offered(wanted(args, args.source, args.expect))
    pack = offer.pack
    place = install(offer, trusted=args.trust)
    say(f"{pack.name} {pack.version}: {pack.form.title}")
    say(f"by {', '.join(pack.form.authors)}, {pack.form.license}")
    say(f"notice: {pack.form.content_notice}")
    say(f"signed by {offer.signature}" if pack.signature else "not signed")
    if offer.commit:
        say(f"commit {offer.commit}")
    say(f"identity {pack.identity}")
    for scenario in pack.scenarios:
        data(f"{pack.name}/{scenario}")
    say(f"in {place}")
    return 0


def wanted(args: argparse.Namespace, source: str, expect: str = "") -> Wanted:
    """What the options ask for."""
    from am_studio.scenarios.sharing.preview import Wanted

    return Wanted(source, args.ref, args.subdirectory, expect, args.signers, args.trust)
