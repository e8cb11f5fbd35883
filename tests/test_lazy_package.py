"""A package of which only the parts that are asked for are loaded; each check is a process of its own, with the real one."""

from __future__ import annotations

import subprocess
import sys


def said(program: str) -> str:
    """What a fresh interpreter prints."""
    head = "import sys\nfrom am_studio.models.lazy_package import make_lazy\n"
    done = subprocess.run([sys.executable, "-c", head + program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_part_is_imported_without_the_others() -> None:
    told = said(
        "print(make_lazy('openai.resources'))\n"
        "from openai.resources.chat import AsyncCompletions\n"
        "print(AsyncCompletions.__name__, 'openai.resources.fine_tuning' in sys.modules)"
    )
    assert told.split() == ["True", "AsyncCompletions", "False"]


def test_whoever_asks_for_more_gets_what_there_always_was() -> None:
    told = said(
        "make_lazy('openai.resources')\n"
        "import openai.resources.chat\n"
        "from openai.resources import FineTuning, Chat\n"
        "print(FineTuning.__module__, Chat is openai.resources.chat.Chat, sorted(openai.resources.__all__)[0])\n"
        "print(openai.OpenAI(api_key='none').fine_tuning.jobs.__class__.__name__)"
    )
    assert told.split() == ["openai.resources.fine_tuning.fine_tuning", "True", "Admin", "Jobs"]


def test_a_name_that_it_never_had_is_refused_as_ever() -> None:
    told = said(
        "make_lazy('openai.resources')\n"
        "import openai.resources\n"
        "try:\n    openai.resources.nothing_of_the_kind\n"
        "except AttributeError as error:\n    print(error)"
    )
    assert told == "module 'openai.resources' has no attribute 'nothing_of_the_kind'"


def test_what_is_loaded_already_stays_as_it_is() -> None:
    assert said("import json.decoder, json\nprint(make_lazy('json'), json.loads('1'))") == "False 1"
    assert said("print(make_lazy('openai.no_such_package'), 'openai.no_such_package' in sys.modules)") == "False False"
