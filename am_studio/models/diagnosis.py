"""One cheap request to one model, and in plain words why it failed and what helps.

Tells the names of variables, never their values. Advice is a guess from the kind of failure and from what is set; it does
not ask the provider anything more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from am_studio.models.catalog import missing, provider_of, similar_models
from am_studio.models.registry import open_client, simulated_names
from am_studio.records import ChatRequest, ModelFailure, ModelSettings, Reply, Sampling

QUESTION = "Answer with the one word: ready"
MOST_TOKENS = 16
IsSet = Callable[[str], bool]
"""Whether the environment variable of this name holds anything."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of the request."""

    answer: Reply | ModelFailure
    seconds: float
    """How long it took, the loading of the client's library included."""


async def try_model(settings: ModelSettings, seconds: float) -> Trial:
    """Ask the model for one word. StudioError when there can be no client; a timeout after so many seconds."""
    client = open_client(settings)
    # A setting of the model's own must not make the question dearer.
    cheap = replace(settings, max_tokens=None, reasoning_effort="")
    request = ChatRequest(cheap, (("user", QUESTION),), Sampling(max_tokens=MOST_TOKENS), seed=1)
    began = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            answer = await client.ask(request)
    except TimeoutError:
        answer = ModelFailure("timeout", f"No whole reply came within {seconds:g} s.")
    finally:
        await client.close()
    return Trial(answer, time.monotonic() - began)


def advice(settings: ModelSettings, failure: ModelFailure, is_set: IsSet) -> tuple[str, ...]:
    """What may help, the likeliest first; sentences."""
    if "/" not in settings.name and not settings.endpoint:
        close = ", ".join(similar_models(settings.name)) or "such as openai/..."
        return (f"A model's name begins with its provider: {close}",)
    lacking = tuple(_lacking(settings, is_set))
    if lacking and failure.kind not in {"rate_limit", "timeout", "not_found"}:
        return lacking
    return tuple(_ADVICE.get(failure.kind, _other)(settings, failure, is_set))


def _lacking(settings: ModelSettings, is_set: IsSet) -> Iterator[str]:
    """The variables without which there is no use in asking."""
    if settings.key_env:
        if not is_set(settings.key_env):
            yield f"{settings.key_env} is not set: export it, or name the variable that holds the key."
        return
    provider = provider_of(settings.name)
    if provider is None or settings.endpoint:
        return
    for group in missing(provider, is_set):
        told = f"{' or '.join(group)} is not set: export it, or name the variable that holds the key with --key-env."
        yield f"{told} ({provider.note})" if provider.note.startswith("or ") else told


def _authentication(settings: ModelSettings, failure: ModelFailure, is_set: IsSet) -> Iterator[str]:
    if "quota" in failure.message or "billing" in failure.message:
        yield "The key is known, but the account cannot pay: look at its credit and its limits."
        return
    names = [settings.key_env] if settings.key_env else _set_variables(settings, is_set)
    if names:
        yield f"The provider refuses the key in {' or '.join(names)}: is it whole, of this provider, and not revoked?"
        yield "A key may also be barred from this one model: try another model of the same provider."
    else:
        yield "The server wants a key: name the variable that holds it with --key-env."


def _set_variables(settings: ModelSettings, is_set: IsSet) -> list[str]:
    provider = provider_of(settings.name)
    needs = () if provider is None or settings.endpoint else provider.needs
    return [name for group in needs for name in group if is_set(name)]


def _not_found(settings: ModelSettings, failure: ModelFailure, is_set: IsSet) -> Iterator[str]:
    if settings.endpoint:
        yield from _under_v1(settings)
        yield f"The server says which models it has: curl {settings.endpoint.rstrip('/')}/models"
        if settings.simulated:
            yield f"Simulated subjects: {', '.join(simulated_names())}"
        return
    close = similar_models(settings.name)
    if close:
        yield f"Close names in the price table: {', '.join(close)}"
    yield "Or the key has no access to this model."


def _connection(settings: ModelSettings, failure: ModelFailure, is_set: IsSet) -> Iterator[str]:
    if settings.endpoint:
        yield f"Is the server running, and is {settings.endpoint} where it listens?"
        yield "Servers on this machine are mostly at http://127.0.0.1:PORT/v1, with http and not https."
    elif settings.name.startswith("ollama"):
        yield "Is Ollama running? Start it with: ollama serve"
    else:
        yield "Is there a network, and does a firewall or proxy stand in between (HTTPS_PROXY, NO_PROXY)?"


def _rate_limit(settings: ModelSettings, failure: ModelFailure, is_set: IsSet) -> Iterator[str]:
    yield "The provider is reached and knows the key; it is asked too fast, or the account's share is used up."
    if failure.retry_after is not None:
        yield f"It asks to wait {failure.retry_after:.0f} s."
    yield "A run waits and slows down by itself; `limits: {requests_per_minute: ...}` in the study spares refusals."


def _timeout(settings: ModelSettings, failure: ModelFailure, is_set: IsSet) -> Iterator[str]:
    yield "The connection stands, but no whole reply comes: the server may be loading the model, or be overloaded."
    yield "Try again with --timeout 300."


def _server(settings: ModelSettings, failure: ModelFailure, is_set: IsSet) -> Iterator[str]:
    if _is_page(failure):
        yield from _page(settings)
    yield "The provider has trouble of its own: try again in a while, and look at its status page."


def _bad_reply(settings: ModelSettings, failure: ModelFailure, is_set: IsSet) -> Iterator[str]:
    if _is_page(failure):
        yield from _page(settings)
        return
    yield "The server answers, but not in the OpenAI chat format: is this the right endpoint, and its software up to date?"


def _page(settings: ModelSettings) -> Iterator[str]:
    yield "A web page came instead of an answer: the endpoint is a website, or a proxy asks for a login."
    yield from _under_v1(settings)


def _under_v1(settings: ModelSettings) -> Iterator[str]:
    endpoint = settings.endpoint.rstrip("/")
    if endpoint and not endpoint.endswith("/v1"):
        yield f"Most servers are reached under /v1: try --endpoint {endpoint}/v1"


def _is_page(failure: ModelFailure) -> bool:
    text = f"{failure.raw} {failure.message}".lower()
    return any(sign in text for sign in ("<!doctype html", "<html", "text/html", "html page"))


def _bad_request(settings: ModelSettings, failure: ModelFailure, is_set: IsSet) -> Iterator[str]:
    if "provider not provided" in failure.message.lower():
        close = ", ".join(similar_models(settings.name)) or "such as openai/..."
        yield f"A model's name begins with its provider: {close}"
        return
    yield "The provider refuses the request itself; its sentence says why. Some models want another temperature or more tokens."


def _other(settings: ModelSettings, failure: ModelFailure, is_set: IsSet) -> Iterator[str]:
    if _is_page(failure):
        yield from _bad_reply(settings, failure, is_set)
    elif provider_of(settings.name) is None:
        yield from _bad_request(settings, failure, is_set)
    else:
        yield "The sentence above is all that is known; try again, and another model of the same provider."


_ADVICE: dict[str, Callable[[ModelSettings, ModelFailure, IsSet], Iterator[str]]] = {
    "authentication": _authentication,
    "not_found": _not_found,
    "connection": _connection,
    "rate_limit": _rate_limit,
    "timeout": _timeout,
    "server": _server,
    "bad_reply": _bad_reply,
    "bad_request": _bad_request,
}
