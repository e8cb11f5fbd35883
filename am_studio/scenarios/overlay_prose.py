"""An overlay's emails, system prompt and task: those of its base with some replaced, removed, added, or changed in part."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from am_studio.foundation.errors import FileProblems, Place, StudioError, nearest
from am_studio.foundation.yamlfile import Node, parse_yaml
from am_studio.scenarios.language import parse_template
from am_studio.scenarios.origins import Line, Text
from am_studio.scenarios.overlay_pieces import Layer
from am_studio.scenarios.yaml_edits import set_value

_HEAD = "\n---\n"


def merged_prose(layer: Layer, base: Mapping[str, Text]) -> dict[str, Text]:
    """Every text but scenario.yaml, with its origins; what is replaced and what is wrong is noted in the layer."""
    texts = {name: text for name, text in base.items() if name != "scenario.yaml"}
    own = {name: text for name, text in layer.texts.items() if name != "scenario.yaml"}
    for index, email in enumerate(layer.form.remove.emails):
        _remove(layer, texts, own, email, index)
    _change_heads(layer, texts, own)
    _change_passages(layer, texts, own)
    for name, text in own.items():
        layer.replaces(name, layer.file(name), base[name].text if name in base else None, text)
        texts[name] = Text.of_file(text, f"{layer.name}{name}")
    return texts


def _remove(layer: Layer, texts: dict[str, Text], own: Mapping[str, str], email: str, index: int) -> None:
    name, place = _file_of(email), layer.at("remove", "emails", index, key=False)
    if name not in texts:
        layer.wrong(place, f"{layer.base.reference} has no email '{email}'", nearest(email, _ids(texts)))
    elif name in own:
        layer.wrong(place, f"'{email}' is removed and replaced at once", f"keep {name} or this line, not both")
    else:
        layer.replaces(name, place, texts.pop(name).text, None)


def _change_heads(layer: Layer, texts: dict[str, Text], own: Mapping[str, str]) -> None:
    for email in layer.node.plain().get("emails", {}):
        name, place = _file_of(email), layer.at("emails", email)
        if name in own:
            layer.wrong(place, f"{name} replaces the whole email", "change the head there")
        elif name not in texts:
            layer.wrong(place, f"{layer.base.reference} has no email '{email}'", nearest(email, _ids(texts)))
        else:
            texts[name] = _with_head(layer, texts[name], name, email)


def _with_head(layer: Layer, whole: Text, name: str, email: str) -> Text:
    """The email with the fields of its head that the overlay changes."""
    end = whole.text.find(_HEAD, 3)
    if not whole.text.startswith("---\n") or end < 0:
        return whole  # told where the base is read
    head, rest = whole.between(4, end + 1), whole.between(end + 1, len(whole.text))
    changes = layer.node.at("emails", email)
    for field in changes.plain():
        value, place = changes.at(field).plain(), layer.at("emails", email, field)
        try:
            old = parse_yaml(head.text, name, 2).plain()
            changed = set_value(head.text, (field,), value, file=name, first_line=2)
        except StudioError as error:
            layer.wrong(place, f"the head of {name} cannot be changed: {error.title}", error.hint)
            continue
        layer.replaces(f"{name}:{field}", place, old.get(field), value)
        head = _attributed(head, changed, Line(place.file, place.line, place.column))
    return Text.joined([whole.between(0, 4), head, rest])


def _attributed(before: Text, after: str, origin: Line) -> Text:
    """The changed text: lines that stayed have their origin, the others this one."""
    old, new = before.text.split("\n"), after.split("\n")
    lines: list[Line] = []
    for kind, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        lines += before.lines[start:end] if kind == "equal" else [origin] * (last - first)
    return Text(after, tuple(lines))


def _change_passages(layer: Layer, texts: dict[str, Text], own: Mapping[str, str]) -> None:
    for address, text in layer.form.passages.items():
        file, _, passage = address.partition("#")
        place = layer.at("passages", address)
        if file in own:
            layer.wrong(place, f"{file} is replaced whole", "change the passage there")
        elif file not in texts:
            layer.wrong(place, f"{layer.base.reference} has no text '{file}'", nearest(file, texts))
        else:
            texts[file] = _with_passage(layer, texts[file], address, passage, text)


def _with_passage(layer: Layer, whole: Text, address: str, passage: str, text: str) -> Text:
    """The text with another passage between the same marks; it begins and ends with the line breaks that were there."""
    file, place = address.partition("#")[0], layer.at("passages", address)
    body = whole.text.find(_HEAD, 3) + len(_HEAD) if file.startswith("emails/") else 0
    try:
        found = parse_template(whole.text[body:], file, Place(file, 1, 1)).passages
    except FileProblems:
        return whole  # told where the base is read
    ranges = {name: (body + start, body + end) for name, start, end in reversed(found)}
    if passage not in ranges:
        layer.wrong(place, f"{layer.base.reference} has no passage '{address}'", nearest(passage, ranges))
        return whole
    start, end = ranges[passage]
    was = whole.text[start:end]
    lead = "\n" if was.startswith("\n") else ""
    tail = "" if not was.strip() else was[len(was.rstrip()) :]
    made = lead + text.strip("\n") + tail
    layer.replaces(address, place, was, made)
    origins = _block_lines(layer, layer.node.at("passages", address), made.count("\n") + 1, len(lead))
    return Text.joined([whole.between(0, start), Text(made, origins), whole.between(end, len(whole.text))])


def _block_lines(layer: Layer, node: Node, count: int, lead: int) -> tuple[Line, ...]:
    """The lines of the overlay's scenario.yaml in which a text of so many lines is written there."""
    source = layer.texts["scenario.yaml"]
    block = bool(re.match(r"[|>]", source[node.start : node.start + 1]))
    first, last = node.place.line + block, 1 + source.count("\n", 0, max(node.end - 1, node.start))
    numbers = (min(max(first + index - lead, first), max(last, first)) for index in range(count))
    return tuple(Line(f"{layer.name}scenario.yaml", number, node.place.column) for number in numbers)


def _file_of(email: str) -> str:
    return f"emails/{email}.md"


def _ids(texts: Mapping[str, Text]) -> list[str]:
    return [name.removeprefix("emails/").removesuffix(".md") for name in texts if name.startswith("emails/")]
