"""What keys look like: the forms that providers give them. Patterns only; nothing here holds, prints or logs a key."""

from __future__ import annotations

import re
from collections.abc import Iterator

LOOKS_LIKE_A_KEY = re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf|key|AIza)[-_]?[A-Za-z0-9_\-*]{12,}")
"""Wide: whatever may be a key, to be cut out of what a provider sends back."""

_KNOWN = {
    "a private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "an Anthropic key": r"\bsk-ant-[A-Za-z0-9_-]{16,}",
    "an OpenRouter key": r"\bsk-or-[A-Za-z0-9_-]{16,}",
    "an OpenAI key": r"\bsk-(?!ant-|or-)[A-Za-z0-9_-]{16,}",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
    "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{16,}",
    "a Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "a Google key": r"\bAIza[A-Za-z0-9_-]{30,}",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{20,}",
    "a Groq key": r"\bgsk_[A-Za-z0-9]{20,}",
    "an xAI key": r"\bxai-[A-Za-z0-9]{20,}",
    "a Replicate token": r"\br8_[A-Za-z0-9]{20,}",
    "a Stripe key": r"\b[rsp]k_(?:live|test)_[A-Za-z0-9]{10,}",
    "a SendGrid key": r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "a PyPI token": r"\bpypi-[A-Za-z0-9_-]{32,}",
    "an npm token": r"\bnpm_[A-Za-z0-9]{30,}",
    "a JSON web token": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    "a bearer token": r"(?i:\bauthorization:\s*bearer\s+)[A-Za-z0-9._~+/-]{16,}",
}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _KNOWN.items()}


def known_keys(text: str) -> Iterator[tuple[str, int]]:
    """Whatever has the form of a provider's key: what it is and the offset where it begins; never the key itself."""
    for name, pattern in _PATTERNS.items():
        for found in pattern.finditer(text):
            yield name, found.start()
