"""An overlay's scenario.yaml laid over its base's: one ordinary scenario.yaml, with the origin of every line.

Parts that the overlay leaves alone keep the base's lines to the byte. The others are written anew, entry by entry, and read
back before they are given out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from am_studio.foundation.errors import Place, StudioError, nearest
from am_studio.foundation.yamlfile import Form, Node, parse_yaml
from am_studio.scenarios.origins import Line, Text
from am_studio.scenarios.overlay_forms import BY_ENTRY, BY_ENTRY_AND_FIELD, BY_FIELD, WHOLE, RemovedForm
from am_studio.scenarios.overlay_pieces import Layer
from am_studio.scenarios.yaml_style import entry, plain_or_quoted

MAIN = "scenario.yaml"
_PARTS = (*WHOLE, *BY_FIELD, *BY_ENTRY_AND_FIELD, *BY_ENTRY)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A value that is taken over whole, and where it was written."""

    node: Node
    origin: Text


@dataclass(frozen=True, slots=True)
class _Branch:
    """A mapping whose entries can be changed, and where its name was written."""

    entries: dict[str, Tree]
    key: Line


Tree = _Leaf | _Branch


def merged_main(layer: Layer, base: Text) -> Text | None:
    """The scenario.yaml of both; None when the base's cannot be read. What is replaced or wrong is noted in the layer."""
    root = parse_yaml(base.text, MAIN)
    if not isinstance(root.value, Mapping):
        return None
    own = Text.of_file(layer.texts[MAIN], f"{layer.name}{MAIN}")
    parts = {name: _tree(root, base, name) for name in root.value}
    touched = set()
    for name in layer.node.plain():
        if name in _PARTS:
            touched.add(name)
            parts[name] = _changed(layer, name, parts.get(name), own)
    for name in RemovedForm.model_fields:
        if name != "emails" and getattr(layer.form.remove, name):
            touched.add(name)
            _remove(layer, name, parts.get(name))
    return _written(parts, touched, root, base)


def _tree(root: Node, origin: Text, name: str) -> Tree:
    """A part as it can be changed: down to fields or entries, and no deeper."""
    depth = 2 if name in BY_ENTRY_AND_FIELD else 1 if name in (*BY_FIELD, *BY_ENTRY) else 0

    def down(path: tuple[str, ...], left: int) -> Tree:
        node, key = root.at(*path), root.key_place(*path)
        if left and isinstance(node.value, Mapping):
            written = origin.lines[key.line - 1].place(key.column)
            entries = {inner: down((*path, inner), left - 1) for inner in node.value}
            return _Branch(entries, Line(written.file, written.line, written.column))
        return _Leaf(node, origin)

    return down((name,), depth)


def _changed(layer: Layer, name: str, old: Tree | None, own: Text) -> Tree:
    new = _tree(layer.node, own, name)
    if isinstance(new, _Leaf) or isinstance(old, _Leaf):
        layer.replaces(name, layer.at(name), None if old is None else _plain(old), _plain(new))
        return new
    changed = dict(old.entries) if old is not None else {}
    for key, value in new.entries.items():
        here = changed.get(key)
        if name in BY_ENTRY_AND_FIELD and isinstance(here, _Branch) and isinstance(value, _Branch):
            for field in value.entries:
                was = _plain(here.entries[field]) if field in here.entries else None
                layer.replaces(f"{name}.{key}.{field}", layer.at(name, key, field), was, _plain(value.entries[field]))
            changed[key] = replace(here, entries={**here.entries, **value.entries})
        elif here is None and name in BY_ENTRY_AND_FIELD and (missing := _missing(BY_ENTRY_AND_FIELD[name], value)):
            told = f"{layer.base.reference} has no '{key}' under '{name}'"
            layer.wrong(layer.at(name, key), told, f"{nearest(key, changed)}; a new one needs {missing}")
        else:
            layer.replaces(f"{name}.{key}", layer.at(name, key), None if here is None else _plain(here), _plain(value))
            changed[key] = value
    return replace(old or new, entries=changed)


def _missing(form: type[Form], value: Tree) -> str:
    """The fields without which nothing of this kind can be, as far as the value has them not."""
    given = value.entries if isinstance(value, _Branch) else {}
    wanted = (field.alias or name for name, field in form.model_fields.items() if field.is_required())
    return ", ".join(name for name in wanted if name not in given)


def _remove(layer: Layer, name: str, part: Tree | None) -> None:
    known = part.entries if isinstance(part, _Branch) else {}
    for index, key in enumerate(getattr(layer.form.remove, name)):
        place = layer.at("remove", name, index, key=False)
        if key not in known:
            layer.wrong(place, f"{layer.base.reference} has no '{key}' under '{name}'", nearest(key, known))
        elif key in layer.node.plain().get(name, {}):
            layer.wrong(place, f"'{key}' is removed and changed at once", f"keep it under '{name}' or here, not both")
        else:
            layer.replaces(f"{name}.{key}", place, _plain(known.pop(key)), None)


def _plain(tree: Tree) -> Any:
    if isinstance(tree, _Leaf):
        return tree.node.plain()
    return {key: _plain(value) for key, value in tree.entries.items()}


# Writing. ------------------------------------------------------------------------------------------------------------


def _written(parts: dict[str, Tree], touched: set[str], root: Node, base: Text) -> Text:
    expected = {name: _plain(tree) for name, tree in parts.items()}
    for kept, safe in ((_slices(root, base), False), ({}, False), ({}, True)):
        pieces = []
        for name, tree in parts.items():
            if name in kept and name not in touched:
                pieces.append(kept[name])
            else:
                lines = list(_lines(name, tree, 0, safe))
                text = "".join(f"{line}\n" for line, _ in lines)
                pieces.append(Text(text, (*(origin for _, origin in lines), lines[-1][1])))
        made = Text.joined(pieces)
        try:
            if parse_yaml(made.text, MAIN).plain() == expected:
                return made
        except StudioError:
            continue
    raise StudioError("the overlay and its base cannot be put together", "the scenario.yaml would not read back")


def _slices(root: Node, base: Text) -> dict[str, Text]:
    """The lines of every part of a scenario.yaml in block style, each with the comments below it."""
    if not isinstance(root.value, Mapping) or base.text[root.start : root.start + 1] == "{":
        return {}
    starts, position = [0], 0
    while (found := base.text.find("\n", position)) >= 0:
        position = found + 1
        starts.append(position)
    begins = [(name, starts[entry.key_place.line - 1]) for name, entry in root.value.items()]
    ends = [begin for _, begin in begins[1:]] + [len(base.text)]
    slices = {name: base.between(begin, end) for (name, begin), end in zip(begins, ends, strict=True)}
    return {name: text for name, text in slices.items() if text.text.endswith("\n")}


def _lines(key: str, tree: Tree, indent: int, safe: bool) -> Iterator[tuple[str, Line]]:
    """The lines of an entry in block style, with their origins."""
    if isinstance(tree, _Leaf):
        written = entry(key, tree.node.plain(), indent, safe=safe).split("\n")
        yield from ((line, _origin(tree, index)) for index, line in enumerate(written))
    elif not tree.entries:
        yield f"{' ' * indent}{plain_or_quoted(key, flow=False)}: {{}}", tree.key
    else:
        yield f"{' ' * indent}{plain_or_quoted(key, flow=False)}:", tree.key
        for name, value in tree.entries.items():
            yield from _lines(name, value, indent + 2, safe)


def _origin(leaf: _Leaf, index: int) -> Line:
    """Where the line of this number of a value was written, as nearly as its source has as many lines."""
    node, text = leaf.node, leaf.origin
    last = 1 + text.text.count("\n", 0, max(node.end - 1, node.start))
    line = text.lines[min(node.place.line + index, max(last, node.place.line)) - 1]
    place: Place = line.place(node.place.column)
    return Line(place.file, place.line, place.column)
