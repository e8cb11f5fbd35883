"""Where a pack may come from, as a user writes it: a directory, a zip file, or a git repository.

A repository is reached over https or ssh, or lies on this machine as a plain path; `@REF` or `#REF` names a tag, a branch or
a whole commit, `#subdirectory=DIR` a directory in it (joined by `&`). Everything else that git would take (`ext::`, `file::`,
`http:`, `git:`, words that begin with a hyphen, passwords in addresses) is refused. Looks at the disk, never at the network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import UNSHOWABLE, one_line
from am_studio.scenarios.sharing.names import name_fault

FORMS = "a directory, a zip file, https://HOST/REPOSITORY[#TAG], ssh://... or git@HOST:REPOSITORY"
_REF = re.compile(r"(?!.*(\.\.|//|@\{|\.lock$|/$))[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}")
_SCP = re.compile(
    r"(?P<user>[A-Za-z0-9][A-Za-z0-9._-]*)@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[A-Za-z0-9~/][^:]*)"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class DirectorySource:
    """A directory, as it stands."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """A zip file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class GitSource:
    """A commit of a git repository, or a directory in it."""

    url: str
    """As git takes it; a path when `local`."""
    ref: str = ""
    """A tag, a branch or a whole commit; empty for the default branch."""
    subdirectory: str = ""
    """Where the pack lies in the repository, with `/`; empty for its root."""
    local: bool = False
    """Whether the repository lies on this machine and may be reached as a path."""

    def __str__(self) -> str:
        parts = [self.ref] if self.ref else []
        parts += [f"subdirectory={self.subdirectory}"] if self.subdirectory else []
        return self.url + ("#" + "&".join(parts) if parts else "")


Source = DirectorySource | ArchiveSource | GitSource


def parse_source(text: str, *, ref: str = "", subdirectory: str = "") -> Source:
    """The source that a user names; `ref` and `subdirectory` add to what the text itself says.

    Raises StudioError for what is none, or may not be used.
    """
    if not text or text.startswith("-") or UNSHOWABLE.search(text) or not text.isprintable():
        raise _none(text, "a source is plain words and does not begin with a hyphen")
    existing = Path(text).expanduser()
    if not (ref or subdirectory) and existing.exists():
        return _on_disk(existing, text)
    address, _, fragment = text.partition("#")
    written_ref, written_directory = _fragment(fragment, text)
    url, at_ref = _without_at(address)
    chosen = [found for found in (ref, written_ref, at_ref) if found]
    if len(set(chosen)) > 1:
        raise StudioError(f"{one_line(text, 120)} names several versions: {', '.join(chosen)}", hint="name one")
    source = _repository(url, text)
    return replace(
        source,
        ref=_judged_ref(chosen[0] if chosen else ""),
        subdirectory=_judged_directory(subdirectory or written_directory),
    )


def _on_disk(path: Path, text: str) -> Source:
    path = path.resolve()
    if path.is_file():
        return ArchiveSource(path)
    if (path / "pack.yaml").is_file():
        return DirectorySource(path)
    if (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir()):
        return GitSource(str(path), local=True)
    raise StudioError(f"there is no pack in {one_line(text, 120)}", hint="a pack's directory has a pack.yaml")


def _repository(url: str, text: str) -> GitSource:
    url = url.removeprefix("git+")
    if "::" in url:
        raise _none(text, "git's remote helpers (ext::, file::, ...) may run programs and are never used")
    if _SCP.fullmatch(url):
        return GitSource(url)
    if not _SCHEME.match(url) or re.match(r"[A-Za-z]:[\\/]", url):
        path = Path(url).expanduser()
        if path.is_dir():
            return GitSource(str(path.resolve()), local=True)
        raise StudioError(f"there is nothing at {one_line(url, 120)}", hint=f"a source is {FORMS}")
    try:
        parts = urlsplit(url)
        host, password = parts.hostname or "", parts.password
    except ValueError as error:
        raise _none(text, str(error)) from error
    if " " in url:
        raise _none(text, "there is a space in the address")
    if parts.scheme not in ("https", "ssh"):
        raise _none(text, f"'{parts.scheme}:' is not used; a repository is reached over https or ssh")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-f:.]+", host):
        raise _none(text, "its host is none")
    if password is not None or (parts.scheme == "https" and parts.username) or (parts.username or "").startswith("-"):
        raise _none(
            text, "an address with a password or a token would be kept in the lock file; git asks for it by itself"
        )
    if parts.scheme == "https" and parts.path.endswith((".zip", ".tar.gz")):
        raise _none(text, "archives are not downloaded", "download it, then name the file")
    return GitSource(url)


def _without_at(address: str) -> tuple[str, str]:
    """An address without the `@REF` at its end, and the reference; an `@` before the host is none."""
    head, at, tail = address.rpartition("@")
    if not at or Path(address).exists():
        return address, ""
    _, scheme, path = head.partition("://")
    behind_host = "/" in path if scheme else ":" in head or "/" in head or Path(head).is_dir()
    return (head, tail) if behind_host else (address, "")


def _fragment(fragment: str, text: str) -> tuple[str, str]:
    """The reference and the subdirectory that stand behind `#`."""
    ref = directory = ""
    for part in filter(None, fragment.split("&")):
        name, equals, value = part.partition("=")
        if name == "subdirectory" and equals:
            directory = value
        elif name in ("ref", "tag") and equals:
            ref = value
        elif equals or ref:
            raise _none(
                text, f"'{one_line(part, 60)}' behind '#' means nothing", "such as #v1.2.0&subdirectory=packs/mine"
            )
        else:
            ref = part
    return ref, directory


def _judged_ref(ref: str) -> str:
    if ref and not _REF.fullmatch(ref):
        raise StudioError(f"'{one_line(ref, 80)}' cannot be a tag, a branch or a commit", hint="such as v1.2.0")
    return ref


def _judged_directory(directory: str) -> str:
    plain = directory.strip("/")
    if plain and (fault := name_fault(plain)):
        raise StudioError(f"the subdirectory '{one_line(directory, 80)}' cannot be used", fault)
    return plain


def _none(text: str, why: str, hint: str = "") -> StudioError:
    shown = re.sub(r"//[^/@]*:?[^/@]*@", "//...@", one_line(text, 120))
    return StudioError(f"'{shown}' is not a source for packs", why, hint or f"a source is {FORMS}")
