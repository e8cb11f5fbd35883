"""Whether a pack may be published: what a stranger has to be told, and what nobody should hand out.

It guards publishing alone: what is imported, edited or run is never held against it. Nothing is changed and nothing leaves
the machine.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from am_studio.foundation.errors import FileProblems, Place, Problem, StudioError
from am_studio.foundation.files import read_text
from am_studio.foundation.settings import user_settings
from am_studio.foundation.yamlfile import Node, load_as_far, read_yaml
from am_studio.scenarios.finding import packs, scenarios_of
from am_studio.scenarios.forms import PackForm
from am_studio.scenarios.pack_readme import readme_problems
from am_studio.scenarios.publishing_texts import address_problems, leak_problems, name_problems, names_to_avoid
from am_studio.scenarios.sharing.names import is_shared

LARGEST = 8 * 1024 * 1024
"""Bytes of a file that is looked at; larger ones cannot be part of a pack."""
PLACEHOLDER_AUTHORS = frozenset({"your name", "me", "author", "anonymous", "todo"})
_TEXTS = {".md", ".yaml", ".yml", ".txt", ".csv", ".json", ".html", ".css", ".svg", ".cff", ".bib", ""}


def publishing_problems(directory: Path) -> tuple[Problem, ...]:
    """Every reason why the pack in this directory should not be published yet, in the order of its files.

    Files are named relative to the pack. What `check_pack` finds is not repeated here.
    """
    try:
        node = read_yaml(directory / "pack.yaml", "pack.yaml")
    except FileProblems as error:
        return error.problems
    except StudioError as error:
        return (Problem(Place("pack.yaml"), error.title, error.hint or error.detail),)
    form, problems = load_as_far(PackForm, node)
    if form is not None:
        problems += _told(form, node)
        problems += _canary(form, node, directory)
    problems += _texts(directory, form)
    problems += readme_problems(directory)
    return tuple(sorted(set(problems)))


def _told(form: PackForm, node: Node) -> Iterator[Problem]:
    """What pack.yaml has to say."""
    yield from _licence(form.license, node.at("license").place)
    authors = [author for author in form.authors if author.strip().lower() not in PLACEHOLDER_AUTHORS]
    if len(authors) < len(form.authors) or not all(author.strip() for author in authors):
        yield Problem(node.at("authors").place, "the authors are not named", "write who made it, or how to call them")
    if len(form.content_notice.split()) < 3:
        hint = "a sentence on what a reader should know before opening it"
        yield Problem(node.at("content_notice").place, "there is no content notice", hint)
    if not form.fictional:
        place = node.at("fictional").place
        told = "it is not stated that all persons and companies are invented"
        yield Problem(
            place, told, "say 'fictional: true' where that is so; a pack with real people is not for publishing"
        )


def _licence(license_: str, place: Place) -> Iterator[Problem]:
    # Building the list of identifiers takes a while, and nothing but this needs it.
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    hint = "such as CC-BY-4.0, CC0-1.0 or Apache-2.0 (spdx.org/licenses); one of your own is LicenseRef-NAME"
    try:
        written = canonicalize_license_expression(license_)
    except InvalidLicenseExpression:
        yield Problem(place, f"'{license_}' is no SPDX licence expression", hint)
        return
    if written != license_:
        yield Problem(place, f"'{license_}' is not how SPDX writes it", f"write {written}")


def _canary(form: PackForm, node: Node, directory: Path) -> Iterator[Problem]:
    """A GUID of the pack's own, so that it can be searched for in training data; not in what a subject reads."""
    place = node.at("canary").place
    fresh = f"such as this new one: {uuid.uuid4()}"
    canary = form.canary.lower()
    if not canary:
        yield Problem(place, "there is no canary", f"'canary:' and a GUID of its own, {fresh}")
        return
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", canary):
        yield Problem(place, "the canary is no GUID", fresh)
    elif len(set(canary.replace("-", ""))) < 6:
        yield Problem(place, "the canary is the one of an example", fresh)
    here = directory.resolve()
    for other in packs():
        if other.resolve() != here and other.name != here.name and _canary_of(other) == canary:
            yield Problem(place, f"the pack '{other.name}' has the same canary", f"give this one its own, {fresh}")
    if form.canary_in_prompts:
        return
    for file, text in _scenario_texts(directory).items():
        at = text.lower().find(canary)
        if at >= 0:
            told = "the canary stands in a text of a scenario, where a subject can read it"
            yield Problem(
                Place(file, text.count("\n", 0, at) + 1), told, "take it out, or say 'canary_in_prompts: true'"
            )


def _canary_of(pack: Path) -> str:
    try:
        plain = read_yaml(pack / "pack.yaml", "pack.yaml").plain()
    except StudioError:
        return ""
    canary = plain.get("canary", "") if isinstance(plain, dict) else ""
    return canary.lower() if isinstance(canary, str) else ""


def _texts(directory: Path, form: PackForm | None) -> Iterator[Problem]:
    try:
        names = names_to_avoid(user_settings().publishing)
    except StudioError as error:
        raise StudioError("your settings cannot be used", error.title, error.hint) from error
    for file, text in _all_texts(directory).items():
        yield from leak_problems(text, file)
    for file, text in _scenario_texts(directory).items():
        yield from name_problems(text, file, names)
        yield from address_problems(text, file)


def _scenario_texts(directory: Path) -> Mapping[str, str]:
    """The texts that make the scenarios, by their names from the pack's root; of an overlay its own."""
    inside = {path.name for path in scenarios_of(directory)}
    return {file: text for file, text in _all_texts(directory).items() if file.partition("/")[0] in inside}


def _all_texts(directory: Path) -> Mapping[str, str]:
    """Every text of the pack by its name from the pack's root; caches and what begins with a dot are no part of it."""
    texts = {}
    for path in sorted(directory.rglob("*")):
        inside = path.relative_to(directory)
        if not is_shared(inside.as_posix()) or path.is_symlink() or not path.is_file():
            continue
        if path.suffix.lower() in _TEXTS:
            try:
                texts[inside.as_posix()] = read_text(path, LARGEST)
            except StudioError:
                continue  # told by `check` where it is part of a scenario
    return texts
