"""Signatures of packs, made and checked by `ssh-keygen -Y` over the manifest, in the namespace `am-studio-pack`.

Whoever can sign a git commit with an ssh key can sign a pack. A signature says who vouches for these exact bytes; that a key
is somebody's is said by an allowed-signers file of the user's own (ssh-keygen(1)), never by the pack.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line
from am_studio.foundation.locations import user_directory
from am_studio.scenarios.sharing.contents import PackContents

NAMESPACE = "am-studio-pack"
_SECONDS = 60.0
_SIGNING_SECONDS = 600.0
"""Somebody may have to type a passphrase or touch a key."""
_FINGERPRINT = re.compile(r"(SHA256:[A-Za-z0-9+/=]{20,})")


@dataclass(frozen=True, slots=True)
class NotSigned:
    """The pack came without a signature."""

    def __str__(self) -> str:
        return "not signed"


@dataclass(frozen=True, slots=True)
class SignedBy:
    """A good signature of a key that the user's allowed signers name."""

    signer: str
    """The principal, as the allowed signers have it."""
    key: str
    """The key's fingerprint, `SHA256:...`."""

    def __str__(self) -> str:
        return f"{self.signer} ({self.key})"


@dataclass(frozen=True, slots=True)
class SignedByStranger:
    """A good signature of a key that the user has not said to be anybody's."""

    key: str

    def __str__(self) -> str:
        return f"an unknown key ({self.key})"


@dataclass(frozen=True, slots=True)
class BadSignature:
    """A signature that is not one of these bytes."""

    why: str

    def __str__(self) -> str:
        return f"the signature is not good: {self.why}"


@dataclass(frozen=True, slots=True)
class SignatureUnchecked:
    """There is a signature, and nothing here that could check it."""

    why: str

    def __str__(self) -> str:
        return f"signed, not checked: {self.why}"


Signature = NotSigned | SignedBy | SignedByStranger | BadSignature | SignatureUnchecked


def allowed_signers(named: Path | None) -> Path | None:
    """The allowed-signers file: the one that was named, or the user's own when there is one.

    Raises StudioError when the named one is not there.
    """
    if named is not None:
        if not named.is_file():
            raise StudioError(f"there is no file of allowed signers at {named}", hint=_SIGNERS_HINT)
        return named
    own = user_directory() / "allowed_signers"
    return own if own.is_file() else None


def check_signature(pack: PackContents, signers: Path | None) -> Signature:
    """Who signed exactly this content."""
    if pack.signature is None:
        return NotSigned()
    if _ssh_keygen() is None:
        return SignatureUnchecked("ssh-keygen is not installed")
    with tempfile.TemporaryDirectory(prefix="am-studio-sign-") as temporary:
        signature = Path(temporary) / "signature"
        signature.write_bytes(pack.signature)
        told = _call(["-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(signature)], pack.manifest)
        found = _FINGERPRINT.search(told.stdout)
        if told.returncode or found is None:
            return BadSignature("it was made over other content, in another namespace, or is damaged")
        key = found.group(1)
        if signers is None:
            return SignedByStranger(key)
        listed = _call(["-Y", "find-principals", "-s", str(signature), "-f", str(signers)], b"")
        for principal in listed.stdout.splitlines() if not listed.returncode else ():
            words = ["-Y", "verify", "-f", str(signers), "-I", principal, "-n", NAMESPACE, "-s", str(signature)]
            if not _call(words, pack.manifest).returncode:
                return SignedBy(one_line(principal, 200), key)
        return SignedByStranger(key)


def sign_manifest(pack: PackContents, key: Path) -> bytes:
    """A signature of this content by an ssh key (a private key, or a public one whose private half an agent holds).

    Raises StudioError when ssh-keygen is not there or does not sign.
    """
    if _ssh_keygen() is None:
        raise StudioError("ssh-keygen is not installed", hint="it comes with OpenSSH 8.2 and later")
    if not key.is_file():
        raise StudioError(
            f"there is no key at {key}", hint="such as ~/.ssh/id_ed25519; ssh-keygen -t ed25519 makes one"
        )
    with tempfile.TemporaryDirectory(prefix="am-studio-sign-") as temporary:
        manifest = Path(temporary) / "manifest"
        manifest.write_bytes(pack.manifest)
        words = ["-Y", "sign", "-f", str(key.resolve()), "-n", NAMESPACE, str(manifest)]
        told = _call(words, None, seconds=_SIGNING_SECONDS)
        made = manifest.with_name("manifest.sig")
        if told.returncode or not made.is_file():
            raise StudioError(f"ssh-keygen could not sign with {key}", one_line(told.stderr, 500), exit_code=1)
        return made.read_bytes()


_SIGNERS_HINT = 'a line of it is: NAME namespaces="am-studio-pack" ssh-ed25519 AAAA... (ssh-keygen(1), ALLOWED SIGNERS)'


def _ssh_keygen() -> str | None:
    return shutil.which("ssh-keygen")


def _call(words: list[str], told: bytes | None, seconds: float = _SECONDS) -> subprocess.CompletedProcess[str]:
    """One call of ssh-keygen; without `told` it may ask at the terminal."""
    try:
        done = subprocess.run(  # noqa: S603  (no shell; paths and words are ours or the user's)
            [_ssh_keygen() or "ssh-keygen", *words],
            input=told,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StudioError("ssh-keygen does not answer", " ".join(words[:2]), exit_code=1) from error
    out, err = (each.decode("utf-8", "replace") for each in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)
