"""Which client serves which model name. Clients are imported when one is asked for, for some are slow to load."""

from __future__ import annotations

from am_studio.foundation.errors import StudioError, nearest
from am_studio.models.base import Client
from am_studio.records import ModelSettings

SIMULATED_JUDGE = "sim/judge"
"""Answers the requests of a rubric judge, with known error rates; no subject."""
SIMULATED_WRITER = "sim/writer"
"""Rewrites mail for `vary` by a table of words, badly now and then; no subject."""
SIMULATED_READER = "sim/reader"
"""Says for `realism` which of two texts is real mail, by marks in the texts alone; no subject."""
SIMULATED_HANDS = (SIMULATED_WRITER, SIMULATED_READER)


def simulated_names() -> tuple[str, ...]:
    """The names of the built-in simulated subjects, such as `sim/strategist`."""
    from am_studio.models.simulated.tables import subjects

    return tuple(f"sim/{name}" for name in subjects())


def check_model(settings: ModelSettings, *, judges: bool = False) -> None:
    """StudioError when a `sim/` name is not one of the simulated subjects, or a model that is to be reached directly has
    no endpoint; other names only their provider knows. What `judges` may be the simulated judge, and no subject.
    """
    if judges and settings.embedded and settings.name != SIMULATED_JUDGE:
        raise StudioError(
            f"{settings.name} cannot judge",
            "simulated subjects read prompts of a scenario, and no others",
            f"name {SIMULATED_JUDGE}",
        )
    if judges and settings.embedded:
        return
    known = simulated_names() if settings.embedded else (settings.name,)
    if settings.name not in known:
        raise StudioError(f"There is no simulated subject '{settings.name}'", hint=nearest(settings.name, known))
    if settings.client == "direct" and not settings.embedded and not settings.endpoint:
        from am_studio.models.direct_client import no_endpoint

        raise no_endpoint(settings)


def open_client(settings: ModelSettings) -> Client:
    """A client for this model; StudioError as `check_model` raises it.

    An embedded name wins over `client: direct`: there is nothing to connect to.
    """
    if settings.name not in SIMULATED_HANDS:
        check_model(settings, judges=settings.name == SIMULATED_JUDGE)
    if settings.name == SIMULATED_JUDGE:
        from am_studio.models.simulated.judge import SimulatedJudgeClient

        return SimulatedJudgeClient()
    if settings.name in SIMULATED_HANDS:
        from am_studio.models.simulated.hands import SimulatedReader, SimulatedWriter

        return SimulatedWriter() if settings.name == SIMULATED_WRITER else SimulatedReader()
    if settings.embedded:
        from am_studio.models.simulated import SimulatedClient

        return SimulatedClient(settings)
    if settings.client == "direct":
        from am_studio.models.direct_client import DirectClient

        return DirectClient(settings)
    from am_studio.models.litellm_client import LitellmClient

    return LitellmClient(settings)
