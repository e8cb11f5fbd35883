"""A scenario made of a prompt: system prompt, task, an email a file, a cast guessed from addresses, a detail to begin with.

What it renders to is compared with the prompt that came in, to the character, and where they part is said. Nothing is
written here; `writing.py` does that.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from am_studio.foundation.hygiene import one_line
from am_studio.scenarios.importing.chat import Chat
from am_studio.scenarios.importing.letters import NOW, Cast, Letter, email_files, scenario_yaml
from am_studio.scenarios.importing.literal import as_template
from am_studio.scenarios.importing.mail_in_text import FoundMail, find_mail
from am_studio.scenarios.importing.people import company_domain, guess_people, pairs_of
from am_studio.scenarios.loading import draft_of
from am_studio.scenarios.references import scenario_of
from am_studio.scenarios.scenario import Scenario, render
from am_studio.scenarios.yaml_edits import add_entry

EXAMPLE = "last_email"
"""The detail that is made for an author to see how that is done."""
LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A scenario in the making."""

    texts: Mapping[str, str]
    """Its files by their names."""
    emails: int
    people: int
    same: bool
    """Whether it renders to the prompt that came in, to the character."""
    notes: tuple[str, ...]
    """What was guessed, and where what it renders to is not the same."""


def skeleton_of(chat: Chat, name: str, title: str = "", *, example: bool = False) -> Skeleton:
    """The skeleton of a prompt; `name` is what it came from. FileProblems when no scenario can be made of it.

    `example` makes the last email a detail, in place by default, for an author to see how that is done.
    """
    where, mail = _mail_of(chat)
    pairs = [pair for email in mail for kind in ("from", "to", "cc") for pair in pairs_of(email.header(kind))]
    people = guess_people(pairs)
    cast = Cast(people, company_domain(person.address for person in people))
    notes = list(chat.notes)
    inbox = _inbox_of(mail, getattr(chat, where)) if mail else {}
    letters = _letters(mail, cast, inbox)
    ids = _own_ids(mail)
    if ids:
        inbox["ids"] = "true"
        inbox["labels"] = {**inbox.get("labels", {}), **_id_label(mail)}
    texts = {
        "scenario.yaml": scenario_yaml(title or _title(chat, name), cast, letters, inbox),
        "system.md": _with_mail(chat.system, mail) if where == "system" else as_template(chat.system) + "\n",
        "task.md": _with_mail(chat.user, mail) if where == "user" and mail else as_template(chat.user) + "\n",
    }
    texts |= email_files(letters, cast, ids)
    if example and mail:
        texts = _with_example(texts)
    texts = _without_line_end(texts, chat, mail, where)
    scenario = load_texts(texts)
    differs = _differences(chat, scenario)
    told = (
        f"{len(mail)} emails became files of their own."
        if mail
        else "No email was recognised in it; all of it is text."
    )
    notes = [told, *notes, *differs]
    if people:
        notes.append(f"{len(people)} people were guessed from addresses; their names and roles want looking at.")
    return Skeleton(texts, len(mail), len(people), not differs, tuple(notes))


def load_texts(texts: Mapping[str, str]) -> Scenario:
    """The scenario that these texts make; FileProblems when they make none."""
    return scenario_of(draft_of(texts, Path("imported")), reach=False)


# How the mail stands in the text. --------------------------------------------------------------------------------------


def _mail_of(chat: Chat) -> tuple[str, tuple[FoundMail, ...]]:
    """Where the mail stands, `user` or `system`, and the mail."""
    user, system = find_mail(chat.user), find_mail(chat.system)
    return ("system", system) if len(system) > len(user) else ("user", user)


def _inbox_of(mail: Sequence[FoundMail], text: str) -> dict[str, Any]:
    """How the scenario shows its mail, so that it looks like what came in."""
    first = mail[0]
    labels = {kind: word for email in reversed(mail) for kind, word, _ in email.headers}
    usual = {
        "from": "From",
        "to": "To",
        "cc": "Cc",
        "subject": "Subject",
        "sent": "Sent",
        "attachments": "Attachments",
        "id": "Id",
    }
    labels = {kind: word for kind, word in labels.items() if usual.get(kind) != word and kind != "id"}
    if first.body_label:
        labels["body"] = first.body_label
    gaps = [text[one.end : other.start] for one, other in pairwise(mail)]
    gap = Counter(gaps).most_common(1)[0][0] if gaps else "\n\n"
    known = {"\n\n": "blank_line", "\n": "newline", "": "none"}
    separator = known.get(gap, "blank_line")
    named = any("<" in email.header(kind) for email in mail for kind in ("from", "to"))
    inbox: dict[str, Any] = {
        "envelope": "xml" if first.tagged else "headers",
        "header_order": list(_order(first)),
        "separator": separator,
        "ids": "false",
        "addresses": "full" if named else "bare",
    }
    return inbox | ({"labels": labels} if labels else {})


def _own_ids(mail: Sequence[FoundMail]) -> tuple[str, ...]:
    """The ids that every email has, where they can be names of files and keep the order; else ()."""
    ids = tuple(email.header("id") for email in mail)
    plain = all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", id_) for id_ in ids)
    first = all(email.headers[0][0] == "id" for email in mail)
    unlike = len({id_.lower() for id_ in ids}) == len(ids)
    return ids if ids and plain and first and unlike and list(ids) == sorted(ids) else ()


def _id_label(mail: Sequence[FoundMail]) -> dict[str, str]:
    word = mail[0].headers[0][1]
    return {} if word == "Id" else {"id": word}


def _with_example(texts: Mapping[str, str]) -> dict[str, str]:
    """The last email as a detail that is in place."""
    last = max(name for name in texts if name.startswith("emails/"))
    head, body = texts[last].removeprefix("---\n").split("\n---\n", 1)
    told = {"label": f"Email {Path(last).stem}"[:60], "group": "example", "default": "on",
            "hypothesis": "An example of a detail: say here why this email should matter, or take it out."}  # fmt: skip
    main = add_entry(texts["scenario.yaml"], ("details",), EXAMPLE, told)
    return {**texts, "scenario.yaml": main, last: f"---\n{head}\nwhen: {EXAMPLE}\n---\n{body}"}


def _order(email: FoundMail) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kind for kind, _, _ in email.headers if kind != "id"))


def _letters(mail: Sequence[FoundMail], cast: Cast, inbox: Mapping[str, Any]) -> tuple[Letter, ...]:
    letters = []
    moment = datetime.fromisoformat(NOW) - timedelta(minutes=10 * len(mail) + 10)
    for email in mail:
        moment = email.sent or moment + timedelta(minutes=10)
        order = _order(email)
        tagged = email.body.endswith("\n") and email.tagged
        to = _references(email, "to", cast, inbox) or ("cast." + cast.people[0].id if cast.people else "agent",)
        letters.append(
            Letter(
                sender=(_references(email, "from", cast, inbox) or ("agent",))[0],
                to=to,
                cc=_references(email, "cc", cast, inbox),
                subject=email.header("subject"),
                sent=moment,
                body=email.body.removesuffix("\n") if tagged else email.body,
                attachments=tuple(part.strip() for part in email.header("attachments").split(",") if part.strip()),
                header_order=() if list(order) == inbox["header_order"] else order,
                body_on_new_line=email.body_on_new_line,
                ends="\n" if tagged or not email.tagged else "",
            )
        )
    return tuple(letters)


def _references(email: FoundMail, kind: str, cast: Cast, inbox: Mapping[str, Any]) -> tuple[str, ...]:
    """Everybody that a header names, where they show as they were written; else the header as one text."""
    written = email.header(kind)
    if not written:
        return ()
    bare = inbox["addresses"] == "bare"
    pairs = pairs_of(written)
    shown = ", ".join(address if bare or not name else f"{name} <{address}>" for name, address in pairs)
    if shown != written:
        return (as_template(written),)
    return tuple(cast.reference(name, address, bare=bare) for name, address in pairs)


def _with_mail(text: str, mail: Sequence[FoundMail]) -> str:
    """The text as a template, the inbox in place of its emails; what stands between them is left out."""
    if not mail:
        return as_template(text) + "\n"
    return as_template(text[: mail[0].start]) + "{{ inbox }}" + as_template(text[mail[-1].end :]) + "\n"


def _without_line_end(texts: dict[str, str], chat: Chat, mail: Sequence[FoundMail], where: str) -> dict[str, str]:
    """The same with files that end as the prompt's texts do, and no line break where the inbox brings one."""
    changed = dict(texts)
    for role, name in (("system", "system.md"), ("user", "task.md")):
        wanted = getattr(chat, role)
        rendered = next(
            (m.text for m in render(load_texts(changed), load_texts(changed).defaults()).messages if m.role == role), ""
        )
        if rendered == wanted + "\n":  # the file's last line end is text here
            changed[name] = changed[name].removesuffix("\n")
        elif role == where and mail and not mail[-1].tagged and rendered.rstrip("\n") == wanted.rstrip("\n"):
            changed[name] = re.sub(r"\n+$", "", changed[name])
    return changed


def _differences(chat: Chat, scenario: Scenario) -> list[str]:
    """Where what the scenario renders to parts from what came in, a sentence a message."""
    found = []
    rendered = {message.role: message.text for message in render(scenario, scenario.defaults()).messages}
    for role, wanted in (("system", chat.system), ("user", chat.user)):
        made = rendered[role]  # type: ignore[index]
        if made == wanted:
            continue
        at = next(
            (n for n, (a, b) in enumerate(zip(made, wanted, strict=False)) if a != b), min(len(made), len(wanted))
        )
        line = wanted[:at].count("\n") + 1
        begin = wanted.rfind("\n", 0, at) + 1
        found.append(
            f"The {role} text does not render to the same: from line {line} of it, "
            f"'{one_line(wanted[begin : at + 40], 50)}' became '{one_line(made[made.rfind(chr(10), 0, at) + 1 : at + 40], 50)}'."
        )
    return found


def _title(chat: Chat, name: str) -> str:
    return one_line(f"Imported from {Path(name).name}", LONGEST_TITLE)
