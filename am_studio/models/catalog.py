"""Which providers there are and which variables their keys go by; which models litellm's shipped price table lists.

Names only: the value of a variable is looked at for emptiness and nothing else. The table is read without importing
litellm, so it is as old as the installed release; what it does not list may exist all the same.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from am_studio.models.prices import price_table

_CHATTING = {"chat", "responses"}
_ALIASES = {"bedrock_converse": "bedrock", "cohere_chat": "cohere"}


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as model names call it, and what it needs in the environment."""

    prefix: str
    """The first part of a model's name."""
    title: str
    needs: tuple[tuple[str, ...], ...]
    """Groups of variables: one of each group has to be set, any one."""
    note: str = ""


PROVIDERS = (
    Provider("anthropic", "Anthropic", (("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),)),
    Provider("openai", "OpenAI", (("OPENAI_API_KEY",),), "with `endpoint`: any server that speaks its format"),
    Provider("gemini", "Google AI Studio", (("GEMINI_API_KEY", "GOOGLE_API_KEY"),)),
    Provider("openrouter", "OpenRouter", (("OPENROUTER_API_KEY",),)),
    Provider("mistral", "Mistral", (("MISTRAL_API_KEY",),)),
    Provider("groq", "Groq", (("GROQ_API_KEY",),)),
    Provider("together_ai", "Together AI", (("TOGETHERAI_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHER_API_KEY"),)),
    Provider("deepseek", "DeepSeek", (("DEEPSEEK_API_KEY",),)),
    Provider("xai", "xAI", (("XAI_API_KEY",),)),
    Provider("cohere", "Cohere", (("COHERE_API_KEY", "CO_API_KEY"),)),
    Provider("fireworks_ai", "Fireworks AI", (("FIREWORKS_AI_API_KEY", "FIREWORKS_API_KEY", "FIREWORKSAI_API_KEY"),)),
    Provider("perplexity", "Perplexity", (("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),)),
    Provider("cerebras", "Cerebras", (("CEREBRAS_API_KEY",),)),
    Provider("deepinfra", "DeepInfra", (("DEEPINFRA_API_KEY",),)),
    Provider("moonshot", "Moonshot AI", (("MOONSHOT_API_KEY",),)),
    Provider("dashscope", "Alibaba DashScope", (("DASHSCOPE_API_KEY",),)),
    Provider("huggingface", "Hugging Face", (("HUGGINGFACE_API_KEY", "HF_TOKEN"),)),
    Provider("nvidia_nim", "NVIDIA NIM", (("NVIDIA_NIM_API_KEY",),)),
    Provider("azure", "Azure OpenAI", (("AZURE_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_AD_TOKEN"), ("AZURE_API_BASE",))),
    Provider(
        "bedrock",
        "Amazon Bedrock",
        (("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN"), ("AWS_REGION_NAME", "AWS_REGION")),
        "or the credentials files of the AWS tools",
    ),
    Provider(
        "vertex_ai",
        "Google Vertex AI",
        (("VERTEXAI_PROJECT", "VERTEXAI_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"), ("VERTEXAI_LOCATION", "VERTEX_LOCATION")),
        "or the credentials of the Google Cloud tools",
    ),
    Provider("ollama", "Ollama on this machine", (), "no key; OLLAMA_API_BASE or `endpoint` when it is elsewhere"),
    Provider("hosted_vllm", "a vLLM server", (), "no key; the study names its `endpoint`"),
    Provider("litellm_proxy", "a LiteLLM proxy", (("LITELLM_PROXY_API_KEY",),), "and its `endpoint`, or LITELLM_PROXY_API_BASE"),
)  # fmt: skip
"""The well-known ones; litellm knows more."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A model of the price table."""

    name: str
    """As a study names it."""
    input_price: float | None
    output_price: float | None
    """US dollars a million tokens."""
    context: int | None
    """Tokens it can read."""
    longest: int | None
    """Tokens it can write."""
    reasons: bool
    calls_functions: bool


def provider_of(model: str) -> Provider | None:
    """The provider that a model's name begins with, if it is one of the well-known ones."""
    prefix = model.partition("/")[0]
    return next((provider for provider in PROVIDERS if provider.prefix == prefix), None)


def missing(provider: Provider, is_set: Callable[[str], bool]) -> tuple[tuple[str, ...], ...]:
    """The groups of variables of which none is set."""
    return tuple(group for group in provider.needs if not any(map(is_set, group)))


def find_models(pattern: str) -> tuple[Listed, ...]:
    """Models whose name has every word of the pattern in it, or fits it where it has a `*`; by name. Case is passed over."""
    wanted = pattern.lower()
    if any(sign in wanted for sign in "*?["):
        return tuple(listed for name, listed in catalog().items() if fnmatchcase(name.lower(), wanted))
    words = wanted.split()
    return tuple(listed for name, listed in catalog().items() if all(word in name.lower() for word in words))


def similar_models(name: str, most: int = 3) -> tuple[str, ...]:
    """The listed names that are closest to this one in spelling: of its own provider where there are any."""
    known = list(catalog())
    prefix = name.partition("/")[0] + "/"
    own = [each for each in known if each.startswith(prefix)]
    return tuple(difflib.get_close_matches(name, own or known, n=most, cutoff=0.5))


@cache
def catalog() -> Mapping[str, Listed]:
    """Every model of the table that can hold a conversation, by the name that a study gives it, in order of names."""
    found: dict[str, Listed] = {}
    for key, entry in price_table().items():
        if entry.get("mode") in _CHATTING:
            listed = _listed(key, entry)
            # An entry under the whole name wins over one that is listed without its provider, as it does for prices.
            if listed.name not in found or key == listed.name:
                found[listed.name] = listed
    return {name: found[name] for name in sorted(found)}


def _listed(key: str, entry: Mapping[str, Any]) -> Listed:
    provider = str(entry.get("litellm_provider") or "")
    prefix = _ALIASES.get(provider, "vertex_ai" if provider.startswith("vertex_ai") else provider)
    return Listed(
        name=key if not prefix or key.startswith(f"{prefix}/") else f"{prefix}/{key}",
        input_price=_price(entry.get("input_cost_per_token")),
        output_price=_price(entry.get("output_cost_per_token")),
        context=_tokens(entry.get("max_input_tokens")),
        longest=_tokens(entry.get("max_output_tokens") or entry.get("max_tokens")),
        reasons=entry.get("supports_reasoning") is True,
        calls_functions=entry.get("supports_function_calling") is True,
    )


def _price(value: Any) -> float | None:
    return float(value) * 1e6 if isinstance(value, int | float) and not isinstance(value, bool) else None


def _tokens(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
