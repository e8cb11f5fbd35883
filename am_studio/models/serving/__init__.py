"""The simulated subjects over HTTP, in the OpenAI chat format, with faults on request: for tests, benchmarks, teaching.

Answers what the in-process subject answers to the same messages, seed and token limit. What a subject meant by a reply
is never sent. Meant for loopback: it asks for no key, and simulated subjects are no evidence about any real model.
"""

from am_studio.models.serving.faults import FAULTS, parse_faults
from am_studio.models.serving.server import SimulatedServer

__all__ = ["FAULTS", "SimulatedServer", "parse_faults"]
