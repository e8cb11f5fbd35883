"""Conversation protocols, the mail client they act in, and what a reply amounts to: reasoning apart, calls as actions."""

from am_studio.trials.functions import functions
from am_studio.trials.mailbox import Mailbox, Step, replay
from am_studio.trials.native import NativeCall, Shown, shown
from am_studio.trials.protocols import PROTOCOLS, Ask, hold_conversation, turn_seed
from am_studio.trials.reading import TURN_LIMIT, parse_in, read_transcript
from am_studio.trials.replies import ParsedReply, Part, ToolCall, parse_reply

__all__ = [
    "PROTOCOLS",
    "TURN_LIMIT",
    "Ask",
    "Mailbox",
    "NativeCall",
    "ParsedReply",
    "Part",
    "Shown",
    "Step",
    "ToolCall",
    "functions",
    "hold_conversation",
    "parse_in",
    "parse_reply",
    "read_transcript",
    "replay",
    "shown",
    "turn_seed",
]
