"""Compare a pack with what was said of it, and name every file that differs.

PACK is an installed pack's name, a directory, a zip file or a git repository. Its files are compared with the PACK.sha256
that came with it, an archive with the one that `pack build` makes, an installed pack with the lock file, everything with
--expect, and a signature with the allowed signers. Exit code 1 when something does not hold.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.console import data, emit_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which pack, and what it should be."""
    parser.add_argument("pack", metavar="PACK")
    parser.add_argument("--expect", default="", metavar="IDENTITY", help="the identity that you were told, h1:...")
    parser.add_argument("--signers", type=Path, metavar="FILE", help="allowed signers; the pack must be signed by one")
    parser.add_argument("--json", action="store_true", help="the answer as JSON")


def run(args: argparse.Namespace) -> int:
    """Verify and tell."""
    from am_studio.scenarios.sharing.signing import allowed_signers
    from am_studio.scenarios.sharing.verifying import verify

    signers = allowed_signers(args.signers)
    found = verify(args.pack, expected=args.expect, signers=signers, must_be_signed=args.signers is not None)
    pack = found.pack
    if args.json:
        emit_json({
            "name": pack.name, "version": pack.version, "identity": pack.identity, "signature": str(found.signature),
            "equal_to": list(found.compared), "findings": list(found.findings), "sound": not found.findings,
        })  # fmt: skip
        return 1 if found.findings else 0
    for finding in found.findings:
        data(finding)
    say(f"{pack.name} {pack.version}, {len(pack.files)} files, in {pack.source}")
    say(f"identity {pack.identity}")
    say(f"signed by {found.signature}" if pack.signature else "not signed")
    if found.findings:
        say(f"{len(found.findings)} finding{'s' * (len(found.findings) != 1)}")
        return 1
    say("agrees with " + ", ".join(found.compared) if found.compared else _NOTHING)
    return 0


_NOTHING = "there was nothing to compare it with: no PACK.sha256, no lock, no --expect, no known signature"
