"""One pack, one identity: from a directory, a zip, a repository; and repositories that mean harm."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from am_studio.cli.main import main
from am_studio.foundation.errors import StudioError
from am_studio.scenarios.sharing.archives import pack_in_archive
from am_studio.scenarios.sharing.contents import MAX_FILE, MAX_FILES, PackContents, Refused
from am_studio.scenarios.sharing.directories import pack_in_directory
from am_studio.scenarios.sharing.repositories import pack_in_repository
from am_studio.scenarios.sharing.sources import ArchiveSource, DirectorySource, GitSource, parse_source
from tests.packs_world import git, repository, write_pack

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
unix = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and modes of Unix")


def from_git(source: str, **more: str) -> PackContents:
    parsed = parse_source(source, **more)
    assert isinstance(parsed, GitSource)
    return pack_in_repository(parsed).pack


@needs_git
def test_directory_zip_and_repository_have_one_identity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = write_pack(tmp_path / "work", small__note_md="caf\u00e9\r\nline\u2028end without newline")
    (directory / ".gitignore").write_text("*.tmp\n")
    repository(tmp_path / "work", tag="v1.0.0")
    assert main(["pack", "build", str(directory), "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out.strip()
    identities = {
        told,
        pack_in_directory(directory).identity,
        pack_in_archive(tmp_path / "their-pack-1.0.0.zip").identity,
        from_git(f"{tmp_path / 'work'}#v1.0.0&subdirectory=their-pack").identity,
        from_git(f"{tmp_path / 'work'}@main", subdirectory="their-pack").identity,
    }
    assert identities == {told}
    assert told.startswith("h1:")


@needs_git
@unix
def test_a_clone_with_other_times_modes_and_order_builds_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = write_pack(tmp_path / "work")
    repository(tmp_path / "work")
    old = os.umask(0o077)
    try:
        git("clone", "--quiet", str(tmp_path / "work"), str(tmp_path / "clone"), cwd=tmp_path)
    finally:
        os.umask(old)
    clone = tmp_path / "clone" / "their-pack"
    for number, path in enumerate(sorted(clone.rglob("*"), reverse=True)):
        os.utime(path, (10**9 + number, 10**9 + number))
    (clone / "README.md").chmod(0o755)
    (clone / "small" / "emails").rename(tmp_path / "emails")
    (tmp_path / "emails").rename(clone / "small" / "emails")
    built = []
    for place, pack in (("a", directory), ("b", directory), ("c", clone)):
        (tmp_path / place).mkdir()
        assert main(["pack", "build", str(pack), "--out", str(tmp_path / place)]) == 0
        built.append((tmp_path / place / "their-pack-1.0.0.zip").read_bytes())
    assert built[0] == built[1] == built[2]
    capsys.readouterr()


@needs_git
def test_a_whole_commit_and_an_older_tag_are_read_as_they_were(tmp_path: Path) -> None:
    write_pack(tmp_path / "work")
    work = repository(tmp_path / "work", tag="v1.0.0")
    first = git("rev-parse", "HEAD", cwd=work)
    write_pack(work, version="1.1.0")
    git("commit", "--quiet", "--all", "--message", "More", cwd=work)
    pack = {"subdirectory": "their-pack"}
    assert from_git(str(work), **pack).version == "1.1.0"
    assert from_git(f"{work}#v1.0.0", **pack).version == "1.0.0"
    assert from_git(f"{work}@{first}", **pack).version == "1.0.0"
    with pytest.raises(StudioError, match="git could not get"):
        from_git(f"{work}#v9", **pack)
    with pytest.raises(Refused, match="no directory 'elsewhere'"):
        from_git(str(work), subdirectory="elsewhere")


@needs_git
@unix
def test_nothing_of_a_repository_runs_or_is_checked_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks, filters, attributes, submodules, templates and hostile variables of the environment: none has any effect."""
    trap, ran = tmp_path / "trap.sh", tmp_path / "ran"
    trap.write_text(f'#!/bin/sh\necho "$0 $*" >> {ran}\nexit 1\n')
    trap.chmod(0o755)
    work = tmp_path / "work"
    write_pack(work)
    (work / ".gitattributes").write_text("* filter=evil diff=evil text eol=crlf\n")
    (work / ".gitmodules").write_text(f'[submodule "x"]\n\tpath = x\n\turl = https://host.example/{trap}\n')
    repository(work)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "reference-transaction", "post-merge", "pre-commit", "fsmonitor-watchman"):
        shutil.copy(trap, hooks / name)
        shutil.copy(trap, work / ".git" / "hooks" / name)
    for name, value in {
        "uploadpack.packObjectsHook": trap, "filter.evil.smudge": trap, "filter.evil.process": trap, "core.fsmonitor": trap,
        "core.sshCommand": trap, "core.hooksPath": hooks, "core.pager": trap,
    }.items():  # fmt: skip
        git("config", name, str(value), cwd=work)
    for name in (
        "GIT_SSH_COMMAND",
        "GIT_SSH",
        "GIT_PROXY_COMMAND",
        "GIT_ASKPASS",
        "GIT_EXTERNAL_DIFF",
        "GIT_PAGER",
        "GIT_EDITOR",
    ):
        monkeypatch.setenv(name, str(trap))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(hooks.parent))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.hooksPath")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(hooks))
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext:file:https:ssh")
    pack = from_git(str(work), subdirectory="their-pack")
    assert pack.identity == pack_in_directory(work / "their-pack").identity
    assert not ran.exists(), ran.read_text()


@needs_git
@unix
def test_repositories_that_no_pack_needs_are_refused(tmp_path: Path) -> None:
    def refused(name: str, change: str) -> str:
        work = tmp_path / name
        directory = write_pack(work)
        if change == "link":
            (directory / "link.md").symlink_to("/etc/passwd")
        elif change == "many":
            (directory / "many").mkdir()
            for number in range(MAX_FILES):
                (directory / "many" / str(number)).write_bytes(b"")
        elif change == "large":
            (directory / "large.md").write_bytes(bytes(MAX_FILE + 1))
        elif change == "name":
            (directory / "a\x1b]0;x.md").write_text("x")
        repository(work)
        if change == "submodule":
            git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},their-pack/sub", cwd=work)
            git("commit", "--quiet", "-m", "x", cwd=work)
        with pytest.raises(Refused) as caught:
            from_git(str(work), subdirectory="their-pack")
        return caught.value.why

    assert "symbolic link" in refused("a", "link")
    assert "more than 2,000 files" in refused("b", "many")
    assert "larger than 8,388,608" in refused("c", "large")
    assert "control" in refused("d", "name")
    assert "submodule" in refused("e", "submodule")


@needs_git
@unix
def test_a_repository_that_git_itself_finds_hostile_is_not_taken(tmp_path: Path) -> None:
    write_pack(tmp_path)
    (tmp_path / ".gitmodules").write_text(
        '[submodule "x"]\n\tpath = x\n\turl = https://host.example/x\n\tupdate = !id\n'
    )
    repository(tmp_path)
    with pytest.raises(StudioError, match="git could not get") as caught:
        from_git(str(tmp_path), subdirectory="their-pack")
    assert "disallowed submodule update" in caught.value.detail


@needs_git
@unix
def test_ssh_is_called_with_the_host_as_one_word_and_no_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An `ssh` of ours stands first on the path, notes its words, and runs what git asks for on this machine."""
    write_pack(tmp_path / "work")
    repository(tmp_path / "work", tag="v1.0.0")
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin" / "ssh"
    ssh.write_text(
        f'#!/bin/sh\n[ "$1" = -G ] && exit 0\nprintf "%s|" "$@" >> {tmp_path}/asked\nfor last; do :; done\nexec sh -c "$last"\n'
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    expected = pack_in_directory(tmp_path / "work" / "their-pack").identity
    for url in (f"ssh://git@packs.example{tmp_path}/work", f"git@packs.example:{tmp_path}/work"):
        assert from_git(f"{url}#v1.0.0", subdirectory="their-pack").identity == expected
    assert "git@packs.example|" in (tmp_path / "asked").read_text()


SOURCES = {
    "https://host.example/a/b.git": GitSource("https://host.example/a/b.git"),
    "https://host.example/a/b#v1.2.0": GitSource("https://host.example/a/b", "v1.2.0"),
    "https://host.example/a/b@v1.2.0#subdirectory=packs/mine": GitSource(
        "https://host.example/a/b", "v1.2.0", "packs/mine"
    ),
    "git+https://host.example/a#v1&subdirectory=x": GitSource("https://host.example/a", "v1", "x"),
    "ssh://git@host.example:2222/a.git#main": GitSource("ssh://git@host.example:2222/a.git", "main"),
    "git@host.example:a/b.git@v1": GitSource("git@host.example:a/b.git", "v1"),
}


@pytest.mark.parametrize("text", SOURCES)
def test_a_source_is_read_as_it_is_written(text: str) -> None:
    assert parse_source(text) == SOURCES[text]
    assert parse_source(str(SOURCES[text])) == SOURCES[text], "what the lock keeps is read again"


def test_paths_are_told_apart_by_what_lies_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = write_pack(tmp_path)
    (tmp_path / "odd#name@v1.zip").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert parse_source("their-pack") == DirectorySource(directory.resolve())
    assert parse_source("odd#name@v1.zip") == ArchiveSource((tmp_path / "odd#name@v1.zip").resolve())
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudioError, match="there is no pack in empty"):
        parse_source("empty")


@pytest.mark.parametrize(
    "text",
    [
        "ext::sh -c id", "ext::ssh -i k host", "fd::17", "file::/tmp/x", "file:///tmp/x", "git://host.example/a", "http://host.example/a",
        "git+http://host.example/a", "ftp://host.example/a", "javascript:alert(1)", "https::ext::x", "git+ext::x",
        "--upload-pack=id", "-u", "-", "", " ", "https://-oProxyCommand=id/x", "ssh://-oProxyCommand=id/x", "ssh://-x@host.example/x",
        "git@-oProxyCommand=id:x", "-x@host.example:y", "https://user:SECRET@host.example/x", "https://SECRET@host.example/x",
        "https://host.example/a#--upload-pack=id", "https://host.example/a#..", "https://host.example/a#a..b", "https://host.example/a#v1&v2",
        "https://host.example/a#subdirectory=../x", "https://host.example/a#subdirectory=a\\b", "https://host.example/a#what=1",
        "https://host.example/a@v1#v2", "https://host.example/a b", "https://host.example/a\n", "https://host.example/\x1b[2J",
        "https://host.example/a\u202e", "https:///a", "https://[::1/x", "https://host.example/a.zip", "nowhere", "C:\\packs\\x",
    ],
)  # fmt: skip
def test_what_git_would_take_and_nobody_needs_is_refused_before_git_starts(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("subprocess.Popen", None)
    with pytest.raises(StudioError) as caught:
        parse_source(text)
    assert caught.value.exit_code == 2
    assert "SECRET" not in str(caught.value)
    assert caught.value.title.isprintable()


@unix
def test_a_directory_with_links_and_devices_is_refused(tmp_path: Path) -> None:
    directory = write_pack(tmp_path)
    for name, make, told in (
        ("link.md", lambda path: path.symlink_to("/etc/passwd"), "symbolic link"),
        ("inside.md", lambda path: path.symlink_to("README.md"), "symbolic link"),
        ("pipe", os.mkfifo, "no ordinary file"),
    ):
        make(directory / name)
        with pytest.raises(Refused, match=told):
            pack_in_directory(directory)
        (directory / name).unlink()
    (directory / ".hidden").symlink_to("/etc/passwd")
    assert pack_in_directory(directory).version == "1.0.0", "what is no part of a pack is not looked at"


def test_a_directory_is_not_walked_beyond_what_a_pack_may_have(tmp_path: Path) -> None:
    directory = write_pack(tmp_path)
    sound = len(pack_in_directory(directory).files)
    (directory / "many").mkdir()
    for number in range(MAX_FILES - sound):
        (directory / "many" / str(number)).touch()
    pack = pack_in_directory(directory)
    (directory / "PACK.sha256").write_bytes(pack.manifest)
    assert pack_in_directory(directory).identity == pack.identity, "what describes a pack does not count"
    (directory / "many" / "more").touch()
    with pytest.raises(Refused, match="more than 2,000 files"):
        pack_in_directory(directory)
    with pytest.raises(Refused, match=r"there is no pack\.yaml in it"):
        pack_in_directory(tmp_path)


@unix
def test_archives_never_carry_a_mode_that_can_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    directory = write_pack(tmp_path)
    (directory / "README.md").chmod(0o4755)
    assert main(["pack", "install", str(directory)]) == 0
    installed = tmp_path / "data" / "am-studio" / "packs" / "their-pack" / "README.md"
    assert not stat.S_IMODE(installed.stat().st_mode) & 0o7111
