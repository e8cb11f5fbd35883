"""The frozen types that travel between the layers. Read this first.

pack -> scenario -> variant -> prompt -> trial -> transcript -> actions -> verdicts -> effects -> report

Records hold data and say what it means; they load nothing, decide nothing and know no file format. Text in them is
strangers' text: never markup, never code, never a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

ON = "on"
OFF = "off"

Choice = tuple[str, str]
"""A detail and one of its levels, such as `("deadline", "on")`."""

ProtocolName = Literal["inline", "tools"]
"""How a trial is held: `inline` (one turn, tool syntax taught in the prompt) or `tools` (native function calling)."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A scenario with a level chosen for every detail, and for line ablation the units that were taken out."""

    levels: tuple[Choice, ...]
    """One pair a detail, in the scenario's order; switches have the levels `on` and `off`. Effective levels: what a
    `needs` drags along is already applied."""
    removed_units: tuple[str, ...] = ()
    dragged: tuple[Choice, ...] = ()
    """What had been chosen for the details that `needs` turned off; kept so that a cause can be told exactly."""
    nuisance: tuple[Choice, ...] = ()
    """What was drawn for the nuisance factors, one pair a factor; () where the scenario declares none."""
    scenario: str = ""
    """Where a study sets whole scenarios against each other: the one that this is a variant of, as the study names it.
    Empty: the study's own."""

    @classmethod
    def of(cls, levels: Mapping[str, str], removed_units: Iterable[str] = ()) -> Variant:
        """The variant with these levels, in the mapping's order."""
        return cls(tuple(levels.items()), tuple(removed_units))

    def __getitem__(self, detail: str) -> str:
        return self.as_dict()[detail]

    def __iter__(self) -> Iterator[Choice]:
        return iter(self.levels)

    def as_dict(self) -> dict[str, str]:
        """The levels by detail."""
        return dict(self.levels)

    def differences(self, other: Variant) -> tuple[Choice, ...]:
        """The choices of this variant that `other` makes differently."""
        theirs = other.as_dict()
        return tuple((detail, level) for detail, level in self.levels if theirs.get(detail) != level)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a message and why it is there. Spans of a message tile it: every character is in exactly one."""

    start: int
    end: int
    """Offsets in the message's text, in characters; `end` is exclusive."""
    part: str
    """Where it comes from, as an author thinks of it: `system.md`, `task.md`, an email's id, or `inbox`."""
    file: str
    line: int
    column: int
    """Source of the first character: file relative to the scenario, line and column from 1 (0: made by the program)."""
    cause: tuple[Choice, ...]
    """The choices that put exactly this text here: change the level of one of them alone and this span changes;
    change any other detail alone and it stays."""
    consulted: tuple[Choice, ...] = ()
    """Every choice that was looked at on the way; more than `cause` where several choices would each have sufficed."""
    off: bool = False
    """Text that this variant does not have; only in prompts that were asked to show it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt."""

    role: Literal["system", "user"]
    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a variant renders to: what the subject reads, to the character."""

    messages: tuple[Message, ...]
    hash: str
    """`sha256:` and the hex digest of roles and texts; the same for the same text, whatever caused it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the cast, or the agent itself."""

    id: str
    """The cast's key; `agent` for the agent."""
    name: str
    address: str
    role: str
    inside: bool
    """Whether the address belongs to the company."""
    kind: Literal["person", "list", "service"] = "person"


def is_inside(address: str, domain: str) -> bool:
    """Whether a bare address belongs to the company: it is under its domain or a subdomain of it."""
    host = address.rpartition("@")[2].lower()
    return host == domain.lower() or host.endswith("." + domain.lower())


@dataclass(frozen=True, slots=True)
class Mail:
    """One email of the inbox, rendered for a variant."""

    id: str
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    """Addresses as shown, such as `Ines Okafor <ines@tarn-optics.example>`."""
    subject: str
    sent: str
    """ISO 8601, without a zone: the scenario's own clock."""
    body: str
    attachments: tuple[str, ...] = ()
    arrives: int = 0
    """0: in the inbox from the start; n: comes in before turn n."""
    number: int = 0
    """Its number in the inbox where the prompt shows that instead of the id; 0 where it does not."""


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool of the agent in one variant."""

    name: str
    offered: bool
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a trial of one variant needs: the prompt, and the world that answers the subject's actions."""

    scenario: str
    """Reference such as `core/replacement-blackmail`."""
    scenario_hash: str
    variant: Variant
    protocol: ProtocolName
    prompt: Prompt
    people: tuple[Person, ...]
    mail: tuple[Mail, ...]
    tools: tuple[OfferedTool, ...]
    domain: str
    company: str = ""
    """The company's name as the scenario has it."""


# What a scenario asks of every trial --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActionGate:
    """True when at least `count` actions fit every condition given; an empty tuple is no condition."""

    actions: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    """Any of: a person's id, `inside`, `outside`, `stranger` (outside and not of the cast), `@` and a domain; matched
    against to and cc."""
    emails: tuple[str, ...] = ()
    """Any of these ids was forwarded."""
    args: tuple[tuple[str, str], ...] = ()
    """(name, value) pairs; a `*` in a value stands for anything."""
    statuses: tuple[str, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class NotOf:
    """The part does not hold."""

    part: Gate


Gate = ActionGate | AllOf | AnyOf | NotOf


@dataclass(frozen=True, slots=True)
class Content:
    """What the rules judge may look for in sent text: families of terms, by name."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    """Families that leave the answer open where the others do not fit: one of them makes it `unclear`, never `yes`."""


LooksAt = Literal["actions", "said", "reasoning", "all"]
"""What an outcome is about: what was done; what was said in the reply and in what was sent; what was reasoned; both."""

Given = Literal["harm", "no_harm", "refused", "took_part"]
"""What must have happened besides: a harmful outcome over actions, none of them, a refusal, none. All that are named."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A named yes/no question about a trial."""

    name: str
    label: str
    harmful: bool
    question: str
    gate: Gate
    gate_decides: bool = False
    """Whether a passed gate without `content` is a yes to the rules judge; otherwise it is unclear."""
    content: Content | None = None
    rubric: str = ""
    act: str = ""
    """The act of the simulated subjects that this outcome is about; only used to score judges."""
    looks_at: LooksAt = "actions"
    """Where `content` is looked for; other than `actions`, a gate may be missing (`AllOf(())`, which always holds)."""
    given: tuple[Given, ...] = ()
    belief: Literal["", "test", "real"] = ""
    """What the subject believes of the situation when this outcome is a yes; rates can be shown by it."""


@dataclass(frozen=True, slots=True)
class Questions:
    """The outcomes of a scenario with the terms they use."""

    outcomes: tuple[Outcome, ...]
    terms: Mapping[str, tuple[str, ...]]

    def outcome(self, name: str) -> Outcome:
        """The outcome of this name; KeyError when there is none."""
        for outcome in self.outcomes:
            if outcome.name == name:
                return outcome
        raise KeyError(name)


# Asking a model -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model is sampled."""

    temperature: float = 1.0
    max_tokens: int = 4096
    reasoning_effort: str = ""
    """What the provider calls it (`low`, `medium`, `high`, ...); empty: not asked for."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """How fast a model may be asked; None: not known, or left to what the provider says."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    concurrency: int | None = None
    """Requests in flight, at most."""


ClientName = Literal["litellm", "direct"]
"""How a model is reached: through litellm, or by our own small client that speaks the OpenAI chat format."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """A model and how to reach it. Keys are named here, never held."""

    name: str
    """`sim/strategist`, or a litellm name such as `anthropic/...`."""
    endpoint: str = ""
    key_env: str = ""
    """Name of the environment variable that holds the key; empty: the provider's usual one."""
    input_price: float | None = None
    output_price: float | None = None
    cached_price: float | None = None
    """US dollars a million tokens read, written, read from the prompt cache; None: look it up."""
    temperature: float | None = None
    max_tokens: int | None = None
    reasoning_effort: str = ""
    """These three: instead of the study's `sampling`, for this model alone."""
    client: ClientName = "litellm"
    limits: RateLimits = RateLimits()
    """Changes how fast a run goes, never what comes of it; not part of a plan's hash."""

    @property
    def embedded(self) -> bool:
        """Whether this is a simulated subject that answers inside this process: no key, no network, no price."""
        return self.name.startswith("sim/")

    @property
    def simulated(self) -> bool:
        """Whether this is one of the program's own simulated subjects, which are no evidence about any real model.

        Also true of one that is reached over HTTP, such as `openai/sim/strategist`.
        """
        return "sim" in self.name.split("/")[:-1]

    @property
    def provider(self) -> str:
        """Whose rate limits are shared: the name's first part, the endpoint and the key."""
        prefix = self.name.partition("/")[0] if "/" in self.name else "openai"
        return " ".join(part for part in (prefix, self.endpoint, self.key_env) if part)

    def sampling(self, common: Sampling) -> Sampling:
        """How this model is sampled, where `common` is what the study says for all of them."""
        return Sampling(
            common.temperature if self.temperature is None else self.temperature,
            common.max_tokens if self.max_tokens is None else self.max_tokens,
            self.reasoning_effort or common.reasoning_effort,
        )


@dataclass(frozen=True, slots=True)
class Function:
    """A function that is offered to a model natively; every argument is text."""

    name: str
    purpose: str
    arguments: tuple[tuple[str, str], ...]
    """(name, what it is) pairs, in order."""
    required: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function that a model calls natively."""

    id: str
    """The provider's; results are given back under it."""
    name: str
    arguments: str
    """JSON as the model wrote it, perhaps broken."""


@dataclass(frozen=True, slots=True)
class FunctionResult:
    """What came of a call, as the model is told."""

    call: str
    """The call's id."""
    text: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier turn of a conversation: what the model answered, and what it was told then."""

    reply: Reply
    results: tuple[FunctionResult, ...] = ()
    """One a call, in the order of the calls."""
    said: str = ""
    """A user message that follows, such as a notice of new mail; empty: none."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request to a model: what it reads, and nothing about which variant or arm it belongs to."""

    model: ModelSettings
    messages: tuple[tuple[str, str], ...]
    """(role, text) pairs: the prompt."""
    sampling: Sampling
    seed: int
    exchanges: tuple[Exchange, ...] = ()
    """The conversation since the prompt, oldest first."""
    functions: tuple[Function, ...] = ()
    """What may be called natively; () in the inline protocol."""
    repeats: bool = False
    """Whether the same prompt is sent many times, so that a provider's prompt cache is worth asking for."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; for simulated subjects an estimate of 4 characters a token."""

    input_tokens: int = 0
    """All that was read, cached tokens included."""
    output_tokens: int = 0
    """All that was written, reasoning included."""
    cached_tokens: int = 0
    """Of the input: read from the provider's prompt cache, at its price."""
    cache_write_tokens: int = 0
    """Of the input: written into that cache, at its price."""
    reasoning_tokens: int = 0
    """Of the output: native reasoning, as far as the provider counts it apart."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a simulated subject meant by a reply. Stored apart from the reply; judges never see it."""

    kind: str
    """The kind of reply that was drawn, such as `act`, `draft`, `quote_to_decline`, `refuse`, `truncated`."""
    acts: tuple[str, ...]
    """The acts that the reply really carries out (vocabulary: `act` of an outcome)."""
    belief: Literal["test", "real", "silent"] = "silent"


Finish = Literal["stop", "length", "content_filter", "refusal"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer to one request, raw text kept."""

    text: str
    reasoning: str
    """Native reasoning, apart from the text; empty when the provider gives none."""
    finish: Finish
    usage: Usage
    model_returned: str
    """The model as the provider named it."""
    cost: float | None = None
    """US dollars; None when no price is known."""
    intent: Intent | None = None
    calls: tuple[FunctionCall, ...] = ()
    """Functions that are called natively, in order; () in the inline protocol."""
    echo: str = ""
    """JSON that the provider wants back unchanged with this reply in a later turn (signed reasoning); empty: nothing."""
    limits: RateLimits | None = None
    """What the provider said of its limits with this reply; passed on to flow control, never stored."""


FailureKind = Literal[
    "rate_limit", "server", "timeout", "connection", "bad_request", "authentication", "not_found", "bad_reply", "other"
]


@dataclass(frozen=True, slots=True)
class ModelFailure:
    """A request that gave no usable reply."""

    kind: FailureKind
    message: str
    """One plain sentence, free of keys."""
    retry_after: float | None = None
    """Seconds the provider asked to wait."""
    raw: str = ""
    limits: RateLimits | None = None
    """What the provider said of its limits; passed on to flow control, never stored."""

    @property
    def stops_model(self) -> bool:
        """Whether asking again would fail in the same way."""
        return self.kind in {"bad_request", "authentication", "not_found"}


# A trial and what was done in it -------------------------------------------------------------------------------------

ActionStatus = Literal["done", "held", "refused"]


@dataclass(frozen=True, slots=True)
class Action:
    """Something the subject did, as the environment took it."""

    kind: str
    """The tool: `send_email`, `forward_email`, `cancel_alert`, or `unknown` for a call of a tool that does not exist."""
    status: ActionStatus
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    """Bare addresses, lower case."""
    subject: str = ""
    body: str = ""
    """What was sent; for a forwarded email the comment."""
    email: str = ""
    """Id of the forwarded email."""
    forwarded: str = ""
    """Subject and body of the forwarded email, resolved."""
    args: tuple[tuple[str, str], ...] = ()
    """Every argument as it was given, in order."""
    turn: int = 0
    start: int = 0
    end: int = 0
    """Where it stands in the raw text of that turn."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """One conversation, as raw as it came: what each turn said and reasoned."""

    replies: tuple[Reply, ...]


ReplyProblemKind = Literal[
    "too-many-tags",
    "closes-nothing",
    "closed-as-another",
    "never-closed",
    "never-opened",
    "text-here",
    "taken-back",
    "no-such-tool",
    "not-carried-out",
    "too-many-calls",
    "no-arguments",
    "lacks-arguments",
    "not-text",
    "not-offered",
    "unknown-recipient",
    "unknown-email",
    "turn-limit",
]
"""What can keep a reply from being read as it was meant."""


class ReplyProblem(str):
    """Something in a reply that could not be read as intended: plain words, and of what kind it is."""

    __slots__ = ("kind",)
    kind: ReplyProblemKind

    def __new__(cls, kind: ReplyProblemKind, told: str) -> Self:
        """`told` says it in plain words."""
        made = super().__new__(cls, told)
        made.kind = kind
        return made

    def __getnewargs__(self) -> tuple[ReplyProblemKind, str]:  # type: ignore[override]
        return self.kind, str(self)


@dataclass(frozen=True, slots=True)
class Reading:
    """A transcript read: reasoning apart from the reply, and the actions."""

    reasoning: str
    visible: str
    """What was said outside reasoning and outside tool calls."""
    actions: tuple[Action, ...]
    truncated: bool
    refused: bool
    """The subject declined to take part: no action, and it says so (or the provider marked a refusal)."""
    problems: tuple[ReplyProblem, ...] = ()
    """What could not be read as intended."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quoted passage of a transcript."""

    turn: int
    start: int
    end: int
    quote: str


Answer = Literal["yes", "no", "unclear"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judge's answer for one outcome of one trial."""

    outcome: str
    answer: Answer
    judge: str
    """Kind and version, such as `rules/1`."""
    reason: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class TrialSpec:
    """A trial before it is run: one independent sample."""

    id: int
    """Counts from 0 within a run; also the planned order, which interleaves the arms at random."""
    arm: str
    model: str
    variant: Variant
    seed: int


@dataclass(frozen=True, slots=True)
class TrialDone:
    """A conversation that came to its end, whatever it said."""

    spec: TrialSpec
    transcript: Transcript
    reading: Reading
    verdicts: tuple[Verdict, ...]
    prompt_hash: str


@dataclass(frozen=True, slots=True)
class TrialFailed:
    """No conversation came of it, after every try; never counted as `not harmful`."""

    spec: TrialSpec
    failure: ModelFailure
    tries: int


TrialResult = TrialDone | TrialFailed


# What came of it -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float
    method: str
    """`wilson`, `clopper-pearson`, `miettinen-nurminen`, `newcombe`."""
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Counts:
    """How the trials of one arm and model ended, for one outcome. `planned` = `completed` + `failed` + still to come."""

    planned: int
    yes: int = 0
    no: int = 0
    unclear: int = 0
    failed: int = 0
    refused: int = 0
    """Of the completed: the subject declined to take part (also counted in yes/no/unclear)."""
    truncated: int = 0
    """Of the completed: cut off by the token limit (also counted in yes/no/unclear)."""

    @property
    def completed(self) -> int:
        """Trials with a verdict: the denominator of every rate."""
        return self.yes + self.no + self.unclear


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of trials, with its interval."""

    k: int
    n: int
    interval: Interval | None
    """None when n is 0."""

    @property
    def value(self) -> float | None:
        """k / n, or None when n is 0."""
        return self.k / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class VariantCounts:
    """How the trials of one variant ended in one session of work, for one outcome and one model."""

    arm: str
    variant: Variant
    session: int
    """The session in which they ended; 0: still to come."""
    counts: Counts


@dataclass(frozen=True, slots=True)
class JudgedTrial:
    """One trial that was named, for one outcome, as far as it has come."""

    variant: Variant
    session: int
    """The session in which it ended; 0: still to come."""
    answer: Answer | None
    """None: it has failed, or is still to come."""
    failed: bool = False
    refused: bool = False
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two rates."""

    value: float | None
    """With the detail removed over with it in place; None when the latter is 0."""
    interval: Interval | None
    """Its upper end is infinite where the latter is 0; None before both groups have a trial."""


EffectKind = Literal["local", "average", "alone", "level", "contrast"]
"""What a difference is about: one detail removed from this baseline (`local`), or removed on average over random subsets
(`average`), or put alone into a scenario without any (`alone`), another level than the baseline's (`level`), or any two
variants (`contrast`)."""
Conclusion = Literal["effect", "equivalent", "undetermined"]
"""`effect`: the adjusted p is within the study's alpha. `equivalent`: the interval lies within the study's margin around
0. `undetermined`: neither can be said."""


@dataclass(frozen=True, slots=True)
class Stratified:
    """A difference with something held apart: trials are compared with trials at the same levels of nuisance factors, or of
    the same session of work."""

    factors: tuple[str, ...]
    strata: int
    """Combinations of their levels that both groups have."""
    difference: float | None
    """Changed minus reference, over strata with Mantel-Haenszel weights."""
    interval: Interval | None
    p: float | None
    """Cochran-Mantel-Haenszel, two-sided; not adjusted."""


@dataclass(frozen=True, slots=True)
class NuisanceShare:
    """How far a nuisance factor moves the rate of an outcome in one model, arms held apart."""

    factor: str
    rates: tuple[tuple[str, Rate], ...]
    """The rate at each level, all arms together."""
    sd: float | None
    """Standard deviation of the rate between the levels; 0 where they differ by no more than chance. None: too few trials."""
    interval: Interval | None
    """Of that standard deviation."""
    share: float | None
    """Its share of the variance of one trial's outcome within an arm (omega squared), in [0, 1]."""
    p: float | None
    """Of the F test of no difference between levels."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change of details does to the rate of an outcome in one model: changed minus reference."""

    arm: str
    """The row's name, unique in its table; the arm whose trials `counts` has, unless `source` says otherwise."""
    label: str
    """What the row is called, such as `threat (+ deadline)`."""
    model: str
    removed: tuple[Choice, ...]
    """The levels that are set against the reference, what `needs` drags along included."""
    counts: Counts
    rate: Rate
    """Of the changed group: with the detail removed, or set to another level."""
    difference: float | None
    """Changed minus reference, in [-1, 1]; negative: the detail carried some of the behaviour."""
    interval: Interval | None
    p: float | None
    p_adjusted: float | None
    test: str
    """`boschloo`, `fisher-mid-p`, `firth-lr` or `e-process`."""
    against: Counts
    """The reference group: this baseline, or the trials of random subsets that have the detail in place."""
    against_rate: Rate
    worst_best: tuple[float, float] | None = None
    """The difference if every failed or unclear trial had gone the one way or the other."""
    kind: EffectKind = "local"
    ratio: Ratio = Ratio(None, None)
    conclusion: Conclusion = "undetermined"
    more_trials: int | None = None
    """When undetermined: about how many more trials of both groups together would settle it, if the rates stay as they
    are (80 % power); None when that is settled, or no number would do."""
    detectable: float | None = None
    """The smallest fall or rise of the rate that trials of this number find with 80 % power, about; None: not even the
    greatest possible."""
    adjusted_difference: float | None = None
    """The difference by g-computation from a logistic model with every detail in it; None where no model was fitted."""
    source: str = ""
    """The arm whose trials stand behind it, where that is not `arm`."""
    stratified: Stratified | None = None
    """Beside the crude difference, where trials drew nuisance factors."""
    by_session: Stratified | None = None
    """Beside it, where the trials ended in several sessions of work: a model may change between them."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """How far a change's effect depends on something else: a difference of differences of rates."""

    label: str
    """Such as `threat × deadline` or `threat × openai/some-model`."""
    parts: tuple[str, str]
    """The detail, and what its effect may depend on: another detail or a model."""
    cells: tuple[Rate, Rate, Rate, Rate]
    """Neither removed, the first removed, the second removed, both removed."""
    estimate: float | None
    """(both - second) - (first - neither), in [-2, 2]; negative: together they take more than one by one."""
    interval: Interval | None
    p: float | None
    p_adjusted: float | None
    test: str = "mover-wilson"


@dataclass(frozen=True, slots=True)
class Attribution:
    """A detail's share of the behaviour by cooperative game theory, in rate of the outcome."""

    detail: str
    shapley: float | None
    """Average contribution of adding the detail, over all orders; the shares sum to all-on minus all-off."""
    banzhaf: float | None
    """Average contribution of adding the detail, over all subsets of the others."""
    banzhaf_interval: Interval | None
    """Where it is the observed average effect; else None."""
    method: str
    """Of the Shapley value. `observed`: from the rates of every subset. `fitted`: from a model of them."""


StopReason = Literal["effect", "futile", "end", "going on", "undone"]
"""`effect`: it crossed its boundary. `futile`: it was given up. `end`: the last look found nothing. `undone`: its trials
ended, but what they show now is no reason for that; some were changed since. `going on`: more looks are to come."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where one comparison of a study that may stop early has come to."""

    arm: str
    """The effect's row."""
    label: str
    look: int
    """The last look at it, from 1; 0: none yet."""
    looks: int
    """Looks that were planned, the last one at all trials."""
    trials: tuple[int, int]
    """Trials that had been named by then: changed, reference."""
    reason: StopReason
    p: float | None = None
    """At that look, as the test gives it: to be held against `boundary`."""
    boundary: float | None = None
    """The p up to which that look calls an effect; None for an e-process."""
    e: float | None = None
    """Of an e-process: the greatest e-value so far."""
    e_needed: float | None = None
    """The e-value that calls an effect."""


@dataclass(frozen=True, slots=True)
class Stops:
    """What came of the right to stop early, in one model."""

    rule: str
    """In words, with its level and source."""
    each: tuple[Stop, ...]
    """One an effect, in the table's order."""
    named: int
    """Trials that were named."""
    most: int
    """Trials that the study would have had without stopping."""

    @property
    def saved(self) -> int:
        """Trials that were not needed; meant once nothing is going on."""
        return self.most - self.named

    @property
    def over(self) -> bool:
        """Whether every comparison has come to its end."""
        return all(stop.reason != "going on" for stop in self.each)


@dataclass(frozen=True, slots=True)
class EffectTable:
    """The answer of a study for one outcome and one model."""

    outcome: str
    model: str
    estimand: str
    """In words, such as `difference in rate when one detail is removed from this baseline (local effect)`."""
    baseline: Counts
    """The reference of every effect, or where each effect has its own, all trials together."""
    baseline_rate: Rate
    effects: tuple[Effect, ...]
    adjustment: str
    """`holm`, `benjamini-hochberg`, `none`, or where a study may stop early `bonferroni`."""
    simulated: bool
    notes: tuple[str, ...] = ()
    kind: EffectKind = "local"
    baseline_label: str = "baseline"
    """What the reference is called."""
    interactions: tuple[Interaction, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    screening: bool = False
    """Whether these are leads to be tested again on fresh trials, not a confirmation."""
    answer: str = ""
    """The design's own answer in a sentence, where it has one beside the effects, such as the minimal set; else empty."""
    margin: float = 0.1
    """Differences within this of 0 count as none, for `equivalent`."""
    alpha: float = 0.05
    """What an adjusted p is held against, for `effect`."""
    stops: Stops | None = None
    """Where each comparison stopped; None in a study that runs to its end."""
    exploratory: tuple[str, ...] = ()
    """How the analysis differs from the plan that was hashed before the first call; (): it does not."""
    nuisance: tuple[NuisanceShare, ...] = ()
    """One a nuisance factor that the trials drew."""


@dataclass(frozen=True, slots=True)
class AcrossModels:
    """One effect in every model of a study: together, and whether it differs between them."""

    label: str
    arm: str
    models: tuple[str, ...]
    differences: tuple[float | None, ...]
    """Changed minus reference, one a model."""
    pooled: float | None
    """Common difference of rates (Mantel-Haenszel weights), stratified by model."""
    interval: Interval | None
    p: float | None
    """Cochran-Mantel-Haenszel, two-sided: whether the change does anything, models held apart."""
    p_adjusted: float | None
    heterogeneity_p: float | None
    """Whether the difference of rates differs between models, tested directly; never to be read off single models."""
    heterogeneity_p_adjusted: float | None


@dataclass(frozen=True, slots=True)
class TrustGate:
    """What a study asks of its judge before its effects may be shown as confirmed."""

    kappa: float
    """Cohen's kappa between the judge and the human labels, over all trials that it judged; at least so much."""
    labels: int
    """Trials of the drawn sample that have a label; at least so many."""


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """What a study says of its analysis, before the first call."""

    margin: float = 0.1
    """A difference of rates that does not matter; for `equivalent`."""
    alpha: float = 0.05
    """The chance of any false `effect` in a table that is accepted."""
    require: TrustGate | None = None
    """None: effects are shown whatever is known of the judge."""


StoppingKind = Literal["obrien-fleming", "pocock", "e-process"]


@dataclass(frozen=True, slots=True)
class Stopping:
    """How a study may end before all its trials, said before the first call."""

    kind: StoppingKind
    looks: int = 4
    """Planned looks at the results, evenly spaced, the last one at all trials; not for an e-process."""
    futility: bool = False
    """Whether a comparison is given up that would hardly find anything any more; not for an e-process."""
    every: int = 10
    """Of an e-process: trials of an arm between looks."""

    @property
    def anytime(self) -> bool:
        """Whether its evidence may be looked at whenever one likes."""
        return self.kind == "e-process"


@dataclass(frozen=True, slots=True)
class Study:
    """A study as its file says it; what a design makes of `design` is the design's business."""

    name: str
    title: str
    scenario: str
    baseline: Mapping[str, str]
    design: Mapping[str, Any]
    models: tuple[ModelSettings, ...]
    outcome: str
    trials: Mapping[str, int]
    protocol: ProtocolName
    judge: Mapping[str, Any]
    sampling: Sampling
    seed: int
    budget_usd: float | None = None
    turns: int = 1
    recheck: int = 10
    """Baseline trials of each model that every later session of work re-runs, so that drift of a provider shows; 0: none.
    Simulated subjects inside this process cannot drift, and are never re-run."""
    analysis: AnalysisSettings = AnalysisSettings()
    stopping: Stopping | None = None
    """None: all planned trials are run."""
    nuisance: Literal["all"] | tuple[str, ...] = ()
    """The nuisance factors that every trial draws: all that the scenario declares, or these."""
    source: str = ""
    """The file it was read from; not part of what is hashed."""
    stated_sampling: tuple[str, ...] = field(default=(), compare=False)
    """Fields of `sampling` that the file states, which no user's settings overrule; not part of what is hashed."""
    extra: Mapping[str, Any] = field(default_factory=dict)
