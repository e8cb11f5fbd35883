"""What is told of packs, as text for widgets. Everything that comes from a pack or its address is literal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual.content import Content

from am_studio.foundation.errors import Problem
from am_studio.foundation.locations import installed_packs, shown_path
from am_studio.scenarios.pack_check import Checked
from am_studio.scenarios.sharing.changes import said_otherwise
from am_studio.scenarios.sharing.preview import Preview
from am_studio.scenarios.sharing.shelf import ShelvedPack
from am_studio.tui.packs.state import SIGNS, Mark, Verdict, hidden, short
from am_studio.tui.strangers import MUTED, joined, plain

_STYLES: dict[Mark, str] = {"good": "$text-success", "bad": "$text-error", "nothing": MUTED, "waiting": MUTED}
_MOST_PROBLEMS = 100


def row(pack: ShelvedPack, mark: Mark) -> Content:
    """A pack in the list, in two lines: whether it holds, name and version; below them its identity and who signed it."""
    signed = "" if not pack.key else f"  signed: {pack.signed_by or 'unknown key'}"
    return joined(
        plain(f"{SIGNS[mark]} ", _STYLES[mark]),
        plain(pack.name, "bold"),
        plain(f" {pack.version}"),
        plain(f"\n  {short(pack.identity) or 'cannot be read'}{signed}", MUTED),
    )


def facts(pack: ShelvedPack, mark: Mark, verdict: Verdict | None) -> Content:
    """All there is to know of a pack."""
    form = pack.form
    lines = [plain(form.title if form else pack.name, "bold"), plain(f"{pack.name} {pack.version}", MUTED), plain("")]
    if pack.problem:
        lines += [plain(f"{'!' if hidden(pack) else '✗'} {pack.problem}", "$text-warning"), plain("")]
    lines += [*verified(mark, verdict, pack.origin), plain(""), plain("Identity", "bold"), plain(pack.identity or "-")]
    if form:
        lines += [plain(""), plain("Content notice", "bold"), plain(form.content_notice), plain("")]
        lines += [_pair("Authors", ", ".join(form.authors)), _pair("Licence", form.license)]
    lines += [_pair("From", pack.source or pack.origin)]
    lines += [_pair("Commit", pack.commit)] if pack.commit else []
    lines += [_pair("Signed by", pack.signed_by or f"an unknown key, {pack.key}")] if pack.key else []
    lines += [_pair("Lies in", shown_path(pack.directory)), plain("")]
    lines += [plain(f"{len(pack.scenarios)} scenario{'s' * (len(pack.scenarios) != 1)}", "bold")]
    lines += [plain(name) for name in pack.scenarios]
    return joined(*lines, between="\n")


def verified(mark: Mark, verdict: Verdict | None, origin: str = "") -> Iterator[Content]:
    """What came of verifying, in words."""
    if verdict is None:
        yield (
            plain("… being verified", MUTED) if mark == "waiting" else plain("✗ it cannot be verified", _STYLES["bad"])
        )
        return
    for finding in verdict.findings:
        yield plain(f"✗ {finding}", _STYLES["bad"])
    if verdict.compared:
        yield plain(f"✓ agrees with {', '.join(verdict.compared)}", _STYLES["good"])
    elif not verdict.findings:
        bundled = origin == "came with the program"
        yield plain(f"· {'it came with the program: ' if bundled else ''}{_NOTHING}", MUTED)
    yield plain(f"  {verdict.signature}", MUTED)


_NOTHING = "there is nothing to compare it with, no manifest, no lock, no known signature"


def verdict(pack: ShelvedPack, found: Verdict) -> Content:
    """What came of verifying a pack, with its whole identity."""
    lines = [
        *verified(found.mark, found, pack.origin),
        plain(""),
        plain("Identity", "bold"),
        plain(pack.identity or "-"),
    ]
    return joined(*lines, plain(""), _pair("From", pack.source or pack.origin), between="\n")


def preview(found: Preview, differences: Iterable[str], expected: str) -> Content:
    """What would be installed, what the check finds in it, what it would replace."""
    pack, form = found.offer.pack, found.offer.pack.form
    lines: list[Content] = []
    if found.refusal is not None:
        told = filter(None, (found.refusal.title, found.refusal.detail, found.refusal.hint))
        lines += [plain(f"✗ {words}" if number == 0 else words, "$text-error") for number, words in enumerate(told)]
        lines += [plain("")]
    lines += [
        plain(form.title, "bold"),
        _pair("Pack", f"{pack.name} {pack.version}"),
        _pair("From", found.offer.source),
    ]
    lines += [_pair("Commit", found.offer.commit)] if found.offer.commit else []
    lines += [
        _pair("Authors", ", ".join(form.authors)),
        _pair("Licence", form.license),
        _pair("Signed", str(found.offer.signature)),
        _pair("Identity", pack.identity),
        plain(
            " " * 11 + ("✓ the one that you were told" if expected else "compare it with what its authors say"), MUTED
        ),
        _pair("Check", _in_short(found)),
        _pair("Replaces", _before(found)),
        *(_pair("Changes", line) for line in differences),
        plain(""),
        plain("Content notice", "bold"),
        plain(form.content_notice),
        plain(""),
        plain(f"{len(pack.scenarios)} scenario{'s' * (len(pack.scenarios) != 1)}", "bold"),
        plain(", ".join(pack.scenarios)),
    ]
    if found.problems or found.missing:
        lines += [plain(""), plain("What the check finds", "bold"), *problems(found.problems, found.missing)]
    if found.before is not None and (otherwise := said_otherwise(found.before, pack)):
        lines += [plain(""), plain("What it says of itself otherwise", "bold"), *map(plain, otherwise)]
    lines += [plain(""), plain(f"It would lie in {shown_path(installed_packs() / pack.name)}", MUTED)]
    return joined(*lines, between="\n")


def _in_short(found: Preview) -> str:
    errors = sum(problem.severity == "error" for problem in found.problems)
    warnings = len(found.problems) - errors
    if not found.problems:
        return "✓ nothing is wrong in it"
    return f"{'✗' if errors else '!'} {errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}; see below"


def _before(found: Preview) -> str:
    if found.before is None:
        return "nothing" if found.entry is None else f"{found.entry.version}, which is gone or cannot be read"
    if found.same:
        return "nothing: this very content is installed"
    return f"{found.before.name} {found.before.version} ({short(found.before.identity)}), which goes to the trash"


def problems(found: Iterable[Problem], missing: Iterable[str] = ()) -> Iterator[Content]:
    """What a check found, a problem a paragraph; the errors come first."""
    listed = sorted(found, key=lambda problem: problem.severity != "error")
    if not listed:
        yield plain("✓ nothing was found", "$text-success")
    for problem in listed[:_MOST_PROBLEMS]:
        error = problem.severity == "error"
        sign = plain("✗ " if error else "! ", "$text-error" if error else "$text-warning")
        hint = plain(f"; {problem.hint}" if problem.hint else "", MUTED)
        yield joined(sign, plain(f"{problem.place}: ", MUTED), plain(problem.message), hint)
    if len(listed) > _MOST_PROBLEMS:
        yield plain(f"... and {len(listed) - _MOST_PROBLEMS} more")
    for pack in missing:
        yield plain(f"✗ it builds on the pack '{pack}', which is not here: install that first", "$text-error")


def check(found: Checked) -> Content:
    """What a check of a pack came to."""
    lines = [plain(found.summary, "bold"), plain(""), *problems(found.problems)]
    if found.conflicts:
        lines += [plain(""), plain("Scenarios below have changed under these overlays:", "bold")]
        lines += [
            plain(f"! {directory.name}: {len(each)}", "$text-warning") for directory, each in found.conflicts.items()
        ]
    return joined(*lines, between="\n")


def _pair(name: str, value: str) -> Content:
    return joined(plain(f"{name:<9}  ", MUTED), plain(value or "-"))
