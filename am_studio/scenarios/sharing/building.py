"""The one file that a pack is handed over as. Refuses what does not check or may not be published; two builds are the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import FileProblems, Problem, StudioError
from am_studio.foundation.files import write_atomic
from am_studio.scenarios.publishing import publishing_problems
from am_studio.scenarios.references import check_pack
from am_studio.scenarios.sharing.archives import zip_of
from am_studio.scenarios.sharing.contents import MAX_ARCHIVE, PackContents, Refused
from am_studio.scenarios.sharing.directories import pack_in_directory


@dataclass(frozen=True, slots=True)
class Built:
    """A pack's archive as it was written."""

    path: Path
    pack: PackContents
    signed: bool
    """Whether the signature that lay in the directory is in it."""
    stale_signature: bool
    """Whether one lay there that was made over other content."""
    warnings: tuple[Problem, ...]


def build(directory: Path, out: Path, *, replace: bool = False) -> Built:
    """Write `NAME-VERSION.zip` into `out`.

    Raises FileProblems for a pack with errors or one that may not be published, StudioError when another archive of this
    name is there and `replace` is not said.
    """
    pack = pack_in_directory(directory)
    problems = [*check_pack(directory), *publishing_problems(directory)]
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise FileProblems(errors)
    fresh = pack.signature if pack.delivered_manifest == pack.manifest else None
    data = zip_of(pack, signature=fresh)
    if len(data) > MAX_ARCHIVE:
        raise Refused(str(directory), f"its archive would be larger than {MAX_ARCHIVE:,} bytes")
    path = out / f"{pack.name}-{pack.version}.zip"
    if path.exists() and path.read_bytes() != data and not replace:
        raise StudioError(
            f"{path} exists already and holds something else",
            "a version that was handed over never changes",
            "raise the version in pack.yaml, or say --replace",
            exit_code=1,
        )
    write_atomic(path, data)
    stale = pack.signature is not None and fresh is None
    return Built(path, pack, fresh is not None, stale, tuple(problems))
