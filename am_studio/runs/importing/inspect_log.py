"""Samples of Inspect's logs as trials: each epoch of a sample is one, task arguments are details, scores are verdicts.

A sample with an error is a failed trial. Of a conversation the prompt and the model's replies are kept; what tools answered and
what was said in between is not, and that is noted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line
from am_studio.records import Finish, FunctionCall, ModelFailure, Reply, Usage
from am_studio.runs.importing.found import Found, FoundTrial
from am_studio.runs.importing.inspect_files import InspectLog
from am_studio.runs.importing.inspect_scores import RULE, Scores

OWN = "am_studio"
"""The metadata by which samples of an exported task name their arm and levels."""
_ATTACHMENT = "attachment://"
_FINISHES: dict[str, Finish] = {"max_tokens": "length", "model_length": "length", "content_filter": "content_filter"}
_NOT_SET = "(not set)"


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the logs is wanted."""

    metadata: tuple[str, ...] = ()
    """Names of sample metadata that are details."""
    arm: str = ""
    """The metadata that names the condition; empty: what an exported task wrote, or none."""
    threshold: float | None = None
    """From where on a number is a yes."""
    outcomes: tuple[str, ...] = ()
    """Outcomes that a scenario declares."""
    skipped: tuple[str, ...] = ()
    """Files of the folder that are no logs."""


def found_logs(logs: Sequence[InspectLog], asked: Asked) -> Found:
    """The trials of these logs; StudioError for a sample that is in two of them, or cannot be read."""
    _no_sample_twice(logs)
    every = [sample for log in logs for sample in log.samples]
    scores = Scores(every, asked.threshold, asked.outcomes)
    keys = _argument_names(logs)
    trials = []
    for log in logs:
        own = _arguments(log, keys)
        for sample in sorted(log.samples, key=lambda s: (str(s.get("id")), s.get("epoch", 1))):
            trials.append(_trial(log, sample, own, scores, asked))
    tools = any(reply.calls for trial in trials for reply in trial.replies)
    roles = [m for log in logs for m in _role_models(log.header["eval"])]
    judges = {
        judge: {"kind": "imported", "scorers": [s for s, j in scores.judges.items() if j == judge], "models": roles}
        for judge in dict.fromkeys(scores.judges.values())
    }
    notes = tuple(_notes(logs, every, asked, scores, tools=tools))
    files = tuple((log.name, log.digest) for log in logs)
    return Found("inspect-log", files, _generator(logs), tuple(trials), "tools" if tools else "inline", notes, judges)


def _no_sample_twice(logs: Sequence[InspectLog]) -> None:
    seen: dict[str, str] = {}
    for log in logs:
        for sample in log.samples:
            uuid = sample.get("uuid")
            if not isinstance(uuid, str):
                uuid = f"{log.header['eval'].get('eval_id', log.name)} {sample['id']} {sample.get('epoch', 1)}"
            if uuid in seen:
                raise StudioError(
                    f"sample {one_line(str(sample['id']), 60)} is there twice", f"{seen[uuid]} and {log.name}",
                    "leave one of the logs out: a retried log repeats what its first attempt had",
                )  # fmt: skip
            seen[uuid] = log.name


# What differs between logs. --------------------------------------------------------------------------------------------


def _argument_names(logs: Sequence[InspectLog]) -> tuple[str, ...]:
    """Task arguments and settings that are not the same in all logs."""
    given = [_settings(log) for log in logs]
    names = dict.fromkeys(name for settings in given for name in settings)
    return tuple(name for name in names if len({settings.get(name, _NOT_SET) for settings in given}) > 1)


def _settings(log: InspectLog) -> dict[str, str]:
    evaluation = log.header["eval"]
    found = {"task": str(evaluation.get("task", ""))}
    found |= {str(name): _plain(value) for name, value in (evaluation.get("task_args") or {}).items()}
    config = evaluation.get("model_generate_config") or {}
    found |= {
        f"model {name}": _plain(config[name])
        for name in ("temperature", "reasoning_effort")
        if config.get(name) is not None
    }
    return found


def _arguments(log: InspectLog, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    settings = _settings(log)
    return tuple((name, settings.get(name, _NOT_SET)) for name in names)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_SET if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _role_models(evaluation: Mapping[str, Any]) -> list[str]:
    roles = evaluation.get("model_roles") or {}
    models = [role.get("model") if isinstance(role, Mapping) else role for role in roles.values()]
    return [str(model) for model in models if model]


def _generator(logs: Sequence[InspectLog]) -> str:
    versions = dict.fromkeys(str((log.header["eval"].get("packages") or {}).get("inspect_ai", "")) for log in logs)
    return ", ".join(f"inspect_ai {version}".strip() for version in versions)


# A sample. -------------------------------------------------------------------------------------------------------------


def _trial(
    log: InspectLog, sample: Mapping[str, Any], own: tuple[tuple[str, str], ...], scores: Scores, asked: Asked
) -> FoundTrial:
    where = f"{log.name}: sample {one_line(str(sample['id']), 60)}, epoch {sample.get('epoch', 1)}"
    attachments = sample.get("attachments") or {}
    prompt, replies = _conversation(sample, attachments, where)
    error = sample.get("error")
    failure = None
    if error:
        told = error.get("message") if isinstance(error, Mapping) else error
        failure = ModelFailure("other", one_line(str(told), 500), raw=str(told)[:20_000])
    elif not replies:
        failure = ModelFailure("bad_reply", "the sample has no reply of the model")
    metadata = sample.get("metadata") or {}
    given = metadata.get(OWN)
    marked: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    details = [*own, *((str(name), _plain(level)) for name, level in (marked.get("levels") or {}).items())]
    details += [(name, _plain(metadata.get(name))) for name in asked.metadata]
    arm = (
        _plain(metadata[asked.arm])
        if asked.arm and asked.arm in metadata
        else str(marked.get("label") or marked.get("arm") or "")
    )
    if asked.arm and not arm:
        raise StudioError(f"{where} has no metadata '{asked.arm}'", f"it has {', '.join(map(str, metadata)) or 'none'}")
    ended = _moment(sample.get("completed_at"))
    return FoundTrial(
        where,
        str(log.header["eval"].get("model") or "unknown"),
        () if failure else replies,
        failure,
        prompt,
        arm,
        tuple(details),
        tuple((str(name), str(level)) for name, level in (marked.get("nuisance") or {}).items()),
        tuple(map(str, marked.get("removed") or ())),
        () if failure else scores.verdicts(sample),
        ended,
        _seconds(sample.get("total_time")),
    )


def _conversation(
    sample: Mapping[str, Any], attachments: Mapping[str, Any], where: str
) -> tuple[tuple[tuple[str, str], ...], tuple[Reply, ...]]:
    """The prompt, and what the model said since."""
    prompt: list[tuple[str, str]] = []
    said: list[Mapping[str, Any]] = []
    for message in sample["messages"]:
        if not isinstance(message, Mapping) or "role" not in message:
            raise StudioError(f"{where}: a message is none")
        if message["role"] == "assistant":
            said.append(message)
        elif not said and message["role"] in ("system", "user"):
            prompt.append((message["role"], _texts(message.get("content"), attachments)[0]))
    if not prompt and isinstance(sample.get("input"), str):
        prompt = [("user", _resolved(sample["input"], attachments))]
    output = sample.get("output") or {}
    choices = output.get("choices") or [{}]
    finish = _FINISHES.get(str(choices[0].get("stop_reason", "")), "stop")
    usage, model = _usage(output.get("usage")), str(output.get("model") or "")
    last = len(said) - 1
    replies = []
    for number, message in enumerate(said):
        text, reasoning = _texts(message.get("content"), attachments)
        calls = tuple(_call(call, attachments) for call in message.get("tool_calls") or ())
        ends = finish if number == last else "stop"
        returned = str(message.get("model") or model)
        replies.append(Reply(text, reasoning, ends, usage if number == last else Usage(), returned, calls=calls))
    return tuple(prompt), tuple(replies)


def _call(call: Any, attachments: Mapping[str, Any]) -> FunctionCall:
    if not isinstance(call, Mapping):
        return FunctionCall("", "unknown", "{}")
    arguments = call.get("arguments")
    if isinstance(arguments, Mapping):
        arguments = {k: _resolved(v, attachments) if isinstance(v, str) else v for k, v in arguments.items()}
    spelled = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
    return FunctionCall(str(call.get("id") or ""), str(call.get("function") or "unknown"), spelled)


def _texts(content: Any, attachments: Mapping[str, Any]) -> tuple[str, str]:
    """(text, reasoning) of a message's content."""
    if isinstance(content, str):
        return _resolved(content, attachments), ""
    texts, thoughts = [], []
    for part in content if isinstance(content, list) else ():
        kind = part.get("type") if isinstance(part, Mapping) else ""
        if kind == "text":
            texts.append(_resolved(str(part.get("text") or ""), attachments))
        elif kind == "reasoning":
            thought = part.get("summary") if part.get("redacted") else part.get("reasoning")
            thoughts.append(_resolved(str(thought or ""), attachments))
    return "\n".join(texts), "\n\n".join(thought for thought in thoughts if thought)


def _resolved(text: str, attachments: Mapping[str, Any]) -> str:
    """The text, or what is kept apart from the messages under its name."""
    if text.startswith(_ATTACHMENT):
        return str(attachments.get(text.removeprefix(_ATTACHMENT), text))
    return text


def _usage(given: Any) -> Usage:
    if not isinstance(given, Mapping):
        return Usage()
    names = ("input_tokens", "output_tokens", "input_tokens_cache_read", "input_tokens_cache_write", "reasoning_tokens")
    counts = [given.get(name) or 0 for name in names]
    return Usage(*(count if isinstance(count, int) and 0 <= count < 2**40 else 0 for count in counts))


def _moment(given: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(given)).timestamp() if given else None
    except (ValueError, OverflowError):
        return None


def _seconds(given: Any) -> float:
    return float(given) if isinstance(given, int | float) and 0 <= given < 1e9 else 0.0


def _notes(
    logs: Sequence[InspectLog], samples: Sequence[Mapping[str, Any]], asked: Asked, scores: Scores, *, tools: bool
) -> list[str]:
    evals = [log.header["eval"] for log in logs]
    tasks = ", ".join(dict.fromkeys(one_line(str(each.get("task")), 60) for each in evals))
    epochs = max((sample.get("epoch", 1) for sample in samples), default=1)
    notes = [
        f"{len(logs)} logs of {tasks}, {len(samples)} samples; every epoch of a sample is a trial (up to {epochs})."
    ]
    rule = (
        RULE
        if asked.threshold is None
        else f"numbers from {asked.threshold:g} on count as yes, smaller ones as no; {RULE}"
    )
    notes.append(f"Scores of Inspect: {rule}." if scores.judges else "No sample has a score.")
    unfinished = [log.name for log in logs if log.header.get("status") != "success"]
    if unfinished:
        notes.append(f"Not finished: {', '.join(unfinished[:5])}.")
    if asked.skipped:
        notes.append(f"No logs, and left out: {', '.join(one_line(name, 60) for name in asked.skipped[:5])}.")
    if epochs > 1:
        notes.append("Inspect averages epochs of a sample before it counts; here each counts as a trial of its own.")
    if tools:
        notes.append(
            "Calls are read as this program's mail client would take them; what Inspect's tools answered is not kept."
        )
    elif any(sum(m.get("role") == "assistant" for m in sample["messages"]) > 1 for sample in samples):
        notes.append("Some conversations have several turns; what was said to the model in between is not kept.")
    return notes
