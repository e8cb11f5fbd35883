"""Sign a pack with an ssh key.

The signature is made by `ssh-keygen -Y sign` over PACK.sha256, which lists the hash of every file. In a directory both are
written beside pack.yaml, to be committed; a zip file is written anew with both in it. The identity stays as it is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.console import data, say
from am_studio.foundation.errors import StudioError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which pack, and which key."""
    parser.add_argument("pack", type=Path, metavar="PACK", help="a directory or a zip file")
    parser.add_argument(
        "--key",
        type=Path,
        required=True,
        metavar="FILE",
        help="a private ssh key, or a public one whose agent is running",
    )


def run(args: argparse.Namespace) -> int:
    """Sign, write, tell."""
    from am_studio.foundation.files import write_atomic
    from am_studio.scenarios.sharing.archives import zip_of
    from am_studio.scenarios.sharing.contents import MANIFEST, SIGNATURE
    from am_studio.scenarios.sharing.offers import read_pack
    from am_studio.scenarios.sharing.signing import sign_manifest
    from am_studio.scenarios.sharing.sources import GitSource, parse_source

    source = parse_source(str(args.pack))
    if isinstance(source, GitSource):
        raise StudioError(
            "a repository is signed in its working directory", hint="name the pack's directory, then commit"
        )
    pack, _ = read_pack(source)
    signature = sign_manifest(pack, args.key.expanduser())
    if pack.archive is not None:
        write_atomic(source.path, zip_of(pack, signature=signature))
        say(f"{source.path} carries the signature")
    else:
        write_atomic(source.path / MANIFEST, pack.manifest)
        write_atomic(source.path / SIGNATURE, signature)
        say(f"{MANIFEST} and {SIGNATURE} are written; they go with the pack")
    data(pack.identity)
    return 0
