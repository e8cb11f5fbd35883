"""Installing packs of strangers: exact, whole or absent, never silently another, and asked about before they cost money."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from am_studio.cli.main import main
from am_studio.foundation.locations import bundled_library, installed_packs
from am_studio.scenarios.library import is_editable
from am_studio.scenarios.references import load_scenario
from am_studio.scenarios.sharing.archives import pack_in_archive
from am_studio.scenarios.sharing.directories import pack_in_directory
from am_studio.scenarios.sharing.lockfile import LockedPack, PackLock, lock_file, read_lock
from tests.packs_world import git, pack_files, repository, write_pack, zipped
from tests.soak.installs import kill_in_a_process_of_its_own
from tests.test_run_asking import studio as in_a_process

needs_keys = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


class Told:
    """What a command answered."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        self.all = out + err


class Place:
    """A user's machine with a directory to work in and a data directory."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def pack(self, *words: object) -> Told:
        self._capsys.readouterr()
        code = main(["pack", *map(str, words)])
        return Told(code, *self._capsys.readouterr())

    def built(self, version: str = "1.0.0", **changes: str) -> Path:
        source = self.root / "authors" / version
        out = self.root / "released"
        out.mkdir(exist_ok=True)
        told = self.pack("build", write_pack(source, version=version, **changes), "--out", out, "--replace")
        assert told.code == 0, told.all
        return out / f"their-pack-{version}.zip"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Place:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return Place(tmp_path, capsys)


def test_from_an_authors_directory_to_a_strangers_library(place: Place) -> None:
    archive = place.built()
    told = place.pack("install", archive)
    assert told.code == 0, told.err
    assert told.out == "their-pack/small\n"
    for words in ("Theirs", "Somebody, CC-BY-4.0", "notice: Fictional office mail.", "not signed", "identity h1:"):
        assert words in told.err
    assert load_scenario("their-pack/small").directory == (installed_packs() / "their-pack" / "small").resolve()
    entry = read_lock().packs["their-pack"]
    assert (entry.version, entry.identity) == ("1.0.0", pack_in_archive(archive).identity)
    assert entry.source == str(archive.resolve())
    assert place.pack("verify", "their-pack").code == 0
    assert place.pack("install", archive).code == 0, "the same again is no harm"
    listed = json.loads(place.pack("list", "--json").out)
    (theirs,) = [pack for pack in listed if pack["name"] == "their-pack"]
    assert theirs == {
        "name": "their-pack", "version": "1.0.0", "identity": entry.identity, "origin": "installed",
        "directory": str(installed_packs().resolve() / "their-pack"), "source": entry.source, "commit": "",
        "signed_by": "", "key": "", "editable": False, "scenarios": ["small"], "problem": "",
    }  # fmt: skip
    assert any(pack["origin"] == "came with the program" and pack["name"] == "core" for pack in listed)
    told = place.pack("list")
    assert all(len(line) <= 80 or "source" in line for line in told.out.splitlines())


def test_another_content_under_a_known_version_is_refused_with_both_hashes(place: Place) -> None:
    place.pack("install", place.built())
    first = read_lock().packs["their-pack"].identity
    changed = place.built(small__task_md="Obey.\n")
    second = pack_in_archive(changed).identity
    for words in (("install", changed), ("update", "their-pack", "--from", changed, "--yes")):
        told = place.pack(*words)
        assert told.code == 1
        assert first in told.err
        assert second in told.err
        assert f"--trust {second}" in told.err
    assert place.pack("remove", "their-pack").code == 0
    told = place.pack("install", changed)
    assert told.code == 1, "what was seen is remembered although the pack was removed"
    assert "is not what it was when you first installed it" in told.err
    assert place.pack("install", changed, "--trust", first).code == 1, "trust is for the content that is named"
    assert place.pack("install", changed, "--trust", second).code == 0
    assert read_lock().seen["their-pack"] == {"1.0.0": second}


def test_an_update_shows_what_changes_before_it_replaces(place: Place) -> None:
    place.pack("install", place.built())
    newer = place.built("1.1.0", small__task_md="It is {{ clock.time }}. Read all the mail.\n", small__more_md="x")
    told = place.pack("install", newer)
    assert told.code == 1
    assert f"am-studio pack update their-pack --from {newer}" in told.err
    told = place.pack("update", "their-pack", "--from", newer, "--diff")
    assert told.code == 1
    assert "there is no terminal to ask on" in told.err
    for words in (
        "1.0.0 -> 1.1.0",
        "changed  small/task.md (+1 -1)",
        "added    small/more.md",
        "+It is {{ clock.time }}. Read all the mail.",
    ):
        assert words in told.out
    assert read_lock().packs["their-pack"].version == "1.0.0"
    assert place.pack("update", "their-pack", "--from", newer, "--yes").code == 0
    assert pack_in_directory(installed_packs() / "their-pack").version == "1.1.0"
    assert read_lock().packs["their-pack"].source == str(newer)
    told = place.pack("update", "their-pack")
    assert (told.code, "is what is installed" in told.err) == (0, True)
    (replaced,) = (installed_packs() / ".trash").glob("*/their-pack")
    assert pack_in_directory(replaced).version == "1.0.0", "what was replaced lies in the trash"
    assert set(read_lock().seen["their-pack"]) == {"1.0.0", "1.1.0"}


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of Unix")
def test_at_a_terminal_no_is_no_and_yes_is_yes(place: Place) -> None:
    place.pack("install", place.built())
    newer = place.built("1.1.0")
    words = ("pack", "update", "their-pack", "--from", newer)
    code, told = in_a_process(*words, cwd=Path.cwd(), said="n\n")
    assert (code, "Replace their-pack? [y/N]" in told, "nothing was changed" in told) == (1, True, True)
    code, told = in_a_process(*words, cwd=Path.cwd(), said="y\n")
    assert code == 0, told
    assert read_lock().packs["their-pack"].version == "1.1.0"


@needs_git
def test_a_repository_is_pinned_by_its_commit_and_updated_by_tag(place: Place) -> None:
    work = place.root / "repo"
    write_pack(work)
    repository(work, tag="v1.0.0")
    commit = git("rev-parse", "HEAD", cwd=work)
    told = place.pack("install", f"{work}#v1.0.0", "--subdirectory", "their-pack")
    assert told.code == 0, told.err
    entry = read_lock().packs["their-pack"]
    assert entry.commit == commit
    assert entry.source == f"{work}#v1.0.0&subdirectory=their-pack"
    write_pack(work, version="1.1.0")
    git("commit", "--quiet", "--all", "-m", "More", cwd=work)
    git("tag", "v1.1.0", cwd=work)
    assert "is what is installed" in place.pack("update", "their-pack").err
    told = place.pack("update", "their-pack", "--ref", "v1.1.0", "--yes")
    assert told.code == 0, told.err
    assert read_lock().packs["their-pack"].commit == git("rev-parse", "HEAD", cwd=work)
    git("tag", "--force", "v1.1.0", "v1.0.0", cwd=work)
    write_pack(work, version="1.1.0", small__task_md="Moved.\n")
    git("commit", "--quiet", "--all", "-m", "Moved", cwd=work)
    git("tag", "--force", "v1.1.0", cwd=work)
    told = place.pack("update", "their-pack", "--yes")
    assert (told.code, "is not what it was" in told.err) == (1, True), "a tag that was moved is noticed"


def test_a_pack_with_errors_or_a_taken_name_is_not_installed(place: Place) -> None:
    broken = place.root / "broken.zip"
    broken.write_bytes(zipped(pack_files(small__task_md="{{ 9**9 }}\n")))
    told = place.pack("install", broken)
    assert told.code == 1
    assert "small/task.md:1:" in told.err
    assert "arithmetic" in told.err
    core = place.root / "core.zip"
    core.write_bytes(zipped(pack_files("core")))
    told = place.pack("install", core)
    assert (told.code, "came with the program" in told.err) == (1, bundled_library().is_dir())
    tampered = place.root / "tampered.zip"
    tampered.write_bytes(zipped({**pack_files(), "PACK.sha256": b"0" * 64 + b"  pack.yaml\n"}))
    told = place.pack("install", tampered)
    assert (told.code, "pack.yaml: changed" in told.err) == (1, True)
    assert place.pack("install", place.built(), "--expect", "h1:" + "A" * 43 + "=").code == 1
    assert [path.name for path in installed_packs().glob("*") if not path.name.startswith(".")] == []
    assert not lock_file().exists()
    (installed_packs() / "their-pack").mkdir(parents=True)
    told = place.pack("install", place.built())
    assert (told.code, "is in the way" in told.err) == (2, True)


def test_what_was_changed_on_the_disk_is_told_by_file(place: Place) -> None:
    place.pack("install", place.built())
    directory = installed_packs() / "their-pack"
    (directory / "small" / "task.md").write_text("Obey.\n")
    (directory / "small" / "system.md").unlink()
    (directory / "new.md").write_text("x")
    told = place.pack("verify", "their-pack")
    assert told.code == 1
    for words in ("small/task.md: changed", "small/system.md: missing", "new.md: not in the manifest"):
        assert words in told.out
    assert "it is not what was installed" in place.pack("list").out
    (directory / "PACK.sha256").write_bytes(pack_in_directory(directory).manifest)
    told = place.pack("verify", "their-pack")
    assert (told.code, "neither it nor its PACK.sha256 is what was installed" in told.out) == (1, True)
    shutil.rmtree(directory)
    assert "its directory is gone" in place.pack("list").out
    assert place.pack("verify", "their-pack").code == 1
    assert place.pack("update", "their-pack", "--yes").code == 0
    assert place.pack("verify", "their-pack").code == 0


def test_a_removed_pack_lies_in_the_trash(place: Place) -> None:
    told = place.pack("remove", "their-pack")
    assert (told.code, "no pack 'their-pack' is installed" in told.err) == (1, True)
    place.pack("install", place.built())
    identity = read_lock().packs["their-pack"].identity
    assert place.pack("remove", "their-pack").code == 0
    (trashed,) = (installed_packs() / ".trash").glob("*/their-pack")
    assert pack_in_directory(trashed).identity == identity
    assert read_lock().packs == {}
    assert place.pack("remove", "../work").code == 1
    assert Path.cwd().is_dir()


def test_an_installed_pack_is_not_the_authors_to_edit(place: Place) -> None:
    place.pack("install", place.built())
    assert not is_editable(installed_packs() / "their-pack")
    assert is_editable(Path.cwd())


def test_the_lock_file_reads_back_whatever_it_says(place: Place) -> None:
    entry = LockedPack(
        version="1.0.0", identity="h1:" + "A" * 43 + "=", source="https://x.example/ä'\"#: {}&*\\u0041", key="SHA256:x"
    )
    lock = PackLock().with_pack("no", entry).with_pack("their-pack", entry)
    lock_file().parent.mkdir(parents=True)
    lock_file().write_text(lock.text())
    assert read_lock() == lock
    assert read_lock().without_pack("no").seen == lock.seen
    lock_file().write_text("format: 1\npacks: {their-pack: {version: 1.0.0, endpoint: x}}\n")
    told = place.pack("install", place.built())
    assert told.code != 0
    assert "packs.lock.yaml:2:38: error: unknown field 'endpoint'" in told.err
    assert "is not installed" not in told.err, "it is the lock that is wrong, not the pack"


@pytest.mark.skipif(sys.platform == "win32", reason="forks and signals of Unix")
def test_ten_kills_leave_a_pack_whole_or_absent(tmp_path: Path) -> None:
    figures = kill_in_a_process_of_its_own(10, tmp_path)
    assert figures.kills == 10
    assert figures.absent + figures.old + figures.new == 10
    assert (figures.broken, figures.unhealed, figures.left_behind) == (0, 0, 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no way to limit a file here")
def test_a_full_disk_leaves_no_pack_and_no_lock(place: Place) -> None:
    archive = place.built(small__large_md="x" * 300_000)
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "from am_studio.cli.main import main; sys.exit(main(['pack', 'install', sys.argv[1]]))\n"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", program, archive], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "their-pack cannot be written" in done.stderr
    assert "nothing was changed" in done.stderr
    assert not (installed_packs() / "their-pack").exists()
    assert list((installed_packs() / ".staging").iterdir()) == []
    assert not lock_file().exists()


# Building. -----------------------------------------------------------------------------------------------------------------


def test_a_pack_with_errors_is_not_built_and_a_released_version_is_not_replaced(place: Place) -> None:
    archive = place.built()
    before = archive.read_bytes()
    directory = write_pack(place.root / "authors" / "1.0.0", small__task_md="{{ nobody }}\n")
    told = place.pack("build", directory, "--out", archive.parent)
    assert (told.code, "small/task.md:1:4: error:" in told.out) == (1, True)
    write_pack(place.root / "authors" / "1.0.0", small__task_md="Changed.\n")
    told = place.pack("build", directory, "--out", archive.parent)
    assert (told.code, "raise the version" in told.err) == (1, True)
    assert archive.read_bytes() == before


def test_built_from_inside_the_archive_lies_beside_the_pack(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = write_pack(place.root / "authors")
    monkeypatch.chdir(directory)
    first = place.pack("build")
    second = place.pack("build", ".")
    assert first.out == second.out
    assert (place.root / "authors" / "their-pack-1.0.0.zip").is_file()


# Signing. ------------------------------------------------------------------------------------------------------------------


@needs_keys
def test_a_signature_travels_with_the_pack_and_names_its_signer(place: Place) -> None:
    ada, eve = (_key(place.root, name) for name in ("ada", "eve"))
    signers = place.root / "signers"
    signers.write_text(f'ada@lab.example namespaces="am-studio-pack" {ada.with_suffix(".pub").read_text()}')
    archive = place.built()
    identity = pack_in_archive(archive).identity
    assert place.pack("verify", archive, "--signers", signers).code == 1
    assert place.pack("install", archive, "--signers", signers).code == 1
    told = place.pack("sign", archive, "--key", ada)
    assert (told.code, told.out.strip()) == (0, identity), "the identity stays"
    told = place.pack("verify", archive, "--signers", signers)
    assert (told.code, "signed by ada@lab.example (SHA256:" in told.err) == (0, True)
    told = place.pack("verify", archive)
    assert (told.code, "signed by an unknown key (SHA256:" in told.err) == (0, True)
    assert place.pack("install", archive, "--signers", signers).code == 0
    assert read_lock().packs["their-pack"].signed_by == "ada@lab.example"
    assert "ada@lab.example" in place.pack("list").out

    unsigned = place.built("1.1.0")
    told = place.pack("update", "their-pack", "--from", unsigned, "--yes")
    assert (told.code, "was signed by ada@lab.example until now, and this is not signed" in told.err) == (1, True)
    place.pack("sign", unsigned, "--key", eve)
    told = place.pack("update", "their-pack", "--from", unsigned, "--yes")
    assert (told.code, "this is an unknown key" in told.err) == (1, True)
    assert place.pack("verify", unsigned, "--signers", signers).code == 1
    place.pack("sign", unsigned, "--key", ada)
    assert place.pack("update", "their-pack", "--from", unsigned, "--yes").code == 0


@needs_keys
def test_a_signature_is_of_exactly_one_content(place: Place) -> None:
    ada = _key(place.root, "ada")
    directory = write_pack(place.root / "authors")
    assert place.pack("sign", directory, "--key", ada).code == 0
    told = place.pack("build", directory, "--out", place.root)
    assert "signed" in told.err
    other = zipped(
        {**pack_files(small__task_md="Obey.\n"), "PACK.sha256.sig": (directory / "PACK.sha256.sig").read_bytes()}
    )
    (place.root / "other.zip").write_bytes(other)
    for words in (("verify", place.root / "other.zip"), ("install", place.root / "other.zip")):
        told = place.pack(*words)
        assert (told.code, "the signature is not good" in told.all) == (1, True)
    (directory / "small" / "task.md").write_text("Read the mail.\n")
    told = place.pack("build", directory, "--out", place.root, "--replace")
    assert (told.code, "was made over other content and was left out" in told.err) == (0, True)
    assert pack_in_archive(place.root / "their-pack-1.0.0.zip").signature is None
    told = place.pack("verify", directory)
    assert (told.code, "small/task.md: changed" in told.out) == (1, True)
    nonsense = zipped({**pack_files(), "PACK.sha256.sig": b"-----BEGIN SSH SIGNATURE-----\n" + b"A" * 5000})
    (place.root / "nonsense.zip").write_bytes(nonsense)
    assert place.pack("install", place.root / "nonsense.zip").code == 1


def test_without_ssh_keygen_that_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = place.built()
    (place.root / "signed.zip").write_bytes(zipped({**pack_files(), "PACK.sha256.sig": b"x"}))
    monkeypatch.setenv("PATH", str(place.root))
    told = place.pack("sign", archive, "--key", place.root / "key")
    assert (told.code, "ssh-keygen is not installed" in told.err) == (2, True)
    told = place.pack("verify", place.root / "signed.zip")
    assert "signed, not checked: ssh-keygen is not installed" in told.err


def _key(root: Path, name: str) -> Path:
    import subprocess

    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", root / name], check=True, capture_output=True
    )
    return root / name
