"""What holds when the input is hostile: where each promise is tested, and the payloads that no other test has.

| promise | tested in |
|---|---|
| 1 template payloads are refused before anything is compiled | `test_templates.py` (40 payloads, places, memory); here (more payloads, and memory and processor time of all) |
| 2 caps: source, nodes, depth, variable, output | `test_templates.py`, `test_render.py`; here (texts that grow through variables, chains, numbers, counts) |
| 3 values come out literally; undefined names fail at `check` | `test_render.py`, `test_check.py` |
| 4 YAML: size, anchors, aliases, tags, merges, duplicates, depth, documents | `test_yaml.py`; here (bombs with memory and processor time) |
| 5 edits touch their lines; saves are whole; conflicts are shown | `test_yaml_edits.py`, `test_edits.py`, `test_documents.py` |
| 6 nothing is extracted; caps of an archive; a bomb is one line | `test_packs_archives.py`, `test_packs_sources.py` |
| 7 names, links, encryption, overlaps, trailing data | `test_packs_archives.py`, `test_packs_sources.py` (directories, repositories); here (nothing is written) |
| 8 builds are identical, flipped bytes are noticed, installs are whole | `test_packs_sources.py`, `test_packs_archives.py`, `test_packs_install.py`; `soak/installs.py` |
| 9 git: transports, no submodules, no checkout, pinned commit | `test_packs_sources.py`, `test_packs_install.py` |
| 10 unknown fields are errors; a foreign pack asks before it costs | `test_run_asking.py`; here (every file of a pack, and an installed pack from the command line) |
| 11 the publishing guard; a canary reaches no subject | the guard's own tests; here (the canary) |
| 12 strangers' text on screens and on the command line | `test_tui_strangers.py` (every widget, toasts, palette, a lint), the screens' own tests; here (every word of a pack on the command line) |
| 13 cells, HTML, links | `test_tui_results_state.py`, `test_runs_labels.py`, the reports' own tests |

`test_fuzz.py` runs each fuzz target shortly; `make fuzz` runs them for longer.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from am_studio.cli.main import main
from am_studio.foundation.errors import FileProblems
from am_studio.foundation.hygiene import visible
from am_studio.foundation.locations import installed_packs, user_directory
from am_studio.scenarios import render
from am_studio.scenarios.forms import EmailForm, PackForm, ScenarioForm
from am_studio.scenarios.language import parse_template
from am_studio.scenarios.loading import read_texts
from am_studio.scenarios.references import check_scenario, load_scenario
from tests.conftest import SMALL_FILES, SMALL_SCENARIO, WritePack
from tests.packs_world import PACK, RawEntry, RawZip, pack_files, write_pack, zipped
from tests.run_world import study_at
from tests.test_run_asking import studio
from tests.test_templates import REFUSED
from tests.test_tui_strangers import PAYLOADS

MORE_TEMPLATES = {
    "{{ ''.__class__.__mro__[1].__subclasses__() }}": "a call",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}": "a call",
    "{{ self._TemplateReference__context }}": "may not begin with '_'",
    "{{ lipsum.__globals__ }}": "may not begin with '_'",
    "{{ a | attr('__class__') }}": "the filter 'attr'",
    "{{ 'A' | center(1000000000) }}": "the filter 'center'",
    "{{ a | map('upper') }}": "the filter 'map'",
    "{{ '%1000000000d' | format(1) }}": "the filter 'format'",
    "{{ '%s' % a }}": "arithmetic",
    "{{ [0] * 1000000000 }}": "arithmetic",
    "{{ range(1000000000) }}": "a call",
    "{{ a.b.c['d'] }}": "indexing",
    "{{ loop() }}": "a call",
    "{% if a is callable %}{% endif %}": "a test with 'is'",
    "{% if 9**9**9 %}{% endif %}": "arithmetic",
    "{% if a %}{% elif b %}{% else %}{{ c() }}{% endif %}": "a call",
    "{{ (a if b() else c) }}": "a call",
    "{{ a ~ b() }}": "a call",
    "{{ a | default(b()) }}": "a call",
    "{{ 'x'.y }}": "after something that is not a name",
    "{{ [a, [b]] }}": "a list holds plain values only",
    "{{ 0x" + "f" * 200_000 + " }}": "a number beyond",
    "{{ 1" + "_0" * 100_000 + " }}": "not a template",
    "{{ 1e308 }}": "a number beyond",
    "{#" * 100_000: "not a template",
    "{{ " + "a or " * 4000 + "a }}": "nested deeper",
    "{{ a" + "|upper" * 3000 + " }}": "nested deeper",
    "{{ " + "a if a else " * 3000 + "a }}": "nested too deeply",
    "{{ " + "[" * 5000 + "]" * 5000 + " }}": "nested too deeply",
    "{{ a in [" + "1," * 30_000 + "] }}": "too many tags and names",
    "{{ " + "'a' " * 60_000 + " }}": "too many tags and names",
    "{{ " + "," * 100_000 + " }}": "too many tags and names",
    "{{ a" + " < a" * 4000 + " }}": "more than 16 comparisons",
    "{% trans %}{% endtrans %}": "not a template",
    "{% do a %}": "not a template",
    "{% debug %}": "not a template",
    "{% break %}": "not a template",
    "\x00{{": "not a template",
}


@pytest.mark.parametrize("source", MORE_TEMPLATES, ids=lambda source: ascii(source)[:30])
def test_more_that_no_letter_needs_is_refused_with_its_place(source: str) -> None:
    with pytest.raises(FileProblems) as caught:
        parse_template(source, "system.md")
    (problem,) = caught.value.problems
    assert MORE_TEMPLATES[source] in problem.message
    assert problem.place.line == 1


YAML_BOMBS = {
    "aliases that double": "a: &a [x,x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)},*{chr(97 + n)}]\n" for n in range(20)),
    "merges that double": "a: &a {x: 1}\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [*{chr(97 + n)},*{chr(97 + n)}]}}\n" for n in range(20)),
    "brackets": "[" * 999_000, "braces": "{" * 999_000, "dashes": "- " * 400_000, "questions": "? " * 400_000,
    "keys of keys": "{? " * 300_000, "anchors": "&a " * 300_000, "tags": "!a " * 300_000, "colons": "a: " * 300_000,
    "the same key": "a: 1\n" * 200_000, "documents": "---\n" * 200_000, "directives": "%YAML 1.1\n" * 90_000,
    "a version of digits": "%YAML 1." + "9" * 900_000 + "\n---\na\n", "no character": 'a: "\\UFFFFFFFF"\n', "an open quote": 'a: "' + "x " * 450_000,
    "an open bracket": "a: [" + "x,\n" * 300_000, "indentation": "".join(" " * n + f"a{n}:\n" for n in range(1300)),
    "tabs": "a:\n" + "\t" * 900_000, "a block of a hundred": "a: |100\n x\n", "null bytes": "\0" * 900_000,
    "too much": "a: " + "x" * 1_000_001, "surrogates": "a: \ud800\n",
}  # fmt: skip
MEASURE_YAML_AND_TEMPLATES = """
import resource, sys, time
sys.path[:0] = [".", "tests"]
from am_studio.foundation.errors import FileProblems
from am_studio.foundation.yamlfile import parse_yaml
from am_studio.scenarios.language import parse_template
from tests.test_hostile_input import MORE_TEMPLATES, YAML_BOMBS
from tests.test_templates import REFUSED
resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
def peak(): return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
for read, payloads in ((parse_template, {**REFUSED, **MORE_TEMPLATES}), (lambda text, name: parse_yaml(text, name), YAML_BOMBS.values())):
    slowest, before = 0, peak()
    for payload in payloads:
        began = time.process_time()
        try: read(payload, "x"); raise SystemExit(f"accepted: {payload[:60]!r}")
        except FileProblems as error: assert error.problems
        slowest = max(slowest, time.process_time() - began)
    print(f"{slowest:.3f}\\t{(peak() - before) / 1024:.1f}")
"""


@pytest.mark.parametrize("name", YAML_BOMBS)
def test_a_yaml_bomb_is_refused_with_its_line(name: str) -> None:
    from am_studio.foundation.yamlfile import parse_yaml

    with pytest.raises(FileProblems) as caught:
        parse_yaml(YAML_BOMBS[name], "f.yaml")
    assert all(problem.place.file == "f.yaml" and problem.message for problem in caught.value.problems)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc to read the peak of memory from")
def test_every_payload_together_stays_below_100_megabytes() -> None:
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-c", MEASURE_YAML_AND_TEMPLATES]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert all(float(line.split("\t")[1]) < 100 for line in ran.stdout.splitlines()), ran.stdout


# Scenarios that grow. ----------------------------------------------------------------------------------------------------------


def with_variables(lines: list[str]) -> str:
    return SMALL_SCENARIO.replace("variables:\n", "variables:\n" + "".join(f"  {line}\n" for line in lines))


GROWING = {
    "each twice the last": (["x0: 0123456789abcdef", *(f'x{n}: "{{{{ x{n - 1} }}}}{{{{ x{n - 1} }}}}"' for n in range(1, 40))], "{{ x39 }}\n", "'x14' can become longer"),
    "nothing, very often": (['x0: ""', *(f'x{n}: "{{{{ x{n - 1} }}}}{{{{ x{n - 1} }}}}"' for n in range(1, 40))], "{{ x39 }}\n", "can become longer"),
    "in conditions": (["x0: a", *(f"x{n}: \"{{% if x{n - 1} == x{n - 1} %}}a{{% endif %}}\"" for n in range(1, 40))], "{{ x39 }}\n", "can become longer"),
    "a long chain": (["x0: a", *(f'x{n}: "{{{{ x{n - 1} }}}}"' for n in range(1, 299))], "{{ x9 }}\n", "more than 20 variables inside each other"),
    "the mail again and again": ([f"x0: {'y' * 2000}"], "{{ inbox }}{{ x0 }}\n" * 2400, "this can become longer than 4,000,000"),
    "a large variable again and again": ([f"x0: {'y' * 200_000}"], "{{ x0 }}\n" * 30, "this can become longer than 4,000,000"),
    "too many": ([f"x{n}: a" for n in range(300)], "{{ x0 }}\n", "301 variables, more than 300"),
}  # fmt: skip


@pytest.mark.parametrize("name", GROWING)
def test_a_scenario_that_would_fill_the_memory_is_told_at_check_and_never_handed_out(
    small_pack: WritePack, name: str
) -> None:
    lines, task, told = GROWING[name]
    directory = small_pack(scenario_yaml=with_variables(lines), task_md=task)
    problems = [problem for problem in check_scenario(directory) if problem.severity == "error"]
    assert any(told in problem.message for problem in problems), problems[:3]
    with pytest.raises(FileProblems):
        load_scenario(directory)


def test_many_details_that_need_each_other_are_checked_in_bounded_work(small_pack: WritePack) -> None:
    chain = "".join(f"  d{n}: {{label: x, needs: d{n - 1}}}\n" for n in range(1, 190))
    scenario = SMALL_SCENARIO.replace("details:\n", "details:\n  d0: {label: x}\n" + chain)
    assert any(
        "'d0' changes nothing" in problem.message for problem in check_scenario(small_pack(scenario_yaml=scenario))
    )
    many = SMALL_SCENARIO.replace("details:\n", "details:\n" + "".join(f"  d{n}: {{label: x}}\n" for n in range(300)))
    (problem,) = check_scenario(small_pack(scenario_yaml=many))
    assert problem.message == "303 details, more than 200"


# Packs. ------------------------------------------------------------------------------------------------------------------------

COMMANDING = (
    "endpoint",
    "headers",
    "proxy",
    "env",
    "environment",
    "command",
    "run",
    "exec",
    "hooks",
    "script",
    "plugin",
    "key_env",
    "base_url",
    "model",
    "include",
    "import",
)


@pytest.mark.parametrize("name", COMMANDING)
def test_no_file_of_a_pack_can_set_what_a_program_does(small_pack: WritePack, name: str) -> None:
    for form in (PackForm, ScenarioForm, EmailForm):
        assert name not in form.model_json_schema(by_alias=True)["properties"]
    directory = small_pack(
        scenario_yaml=SMALL_SCENARIO + f"{name}: x\n", emails__020_lunch_md=SMALL_FILES["emails/020-lunch.md"].replace("when:", f"{name}: x\nwhen:")
    )  # fmt: skip
    told = [str(problem) for problem in check_scenario(directory)]
    assert sum(f"unknown field '{name}'" in line for line in told) >= 1
    pack = directory.parent / "pack.yaml"
    pack.write_text(pack.read_text() + f"{name}: x\n")
    from am_studio.scenarios.references import check_pack

    assert any(f"unknown field '{name}'" in problem.message for problem in check_pack(directory.parent))


def test_a_refused_pack_leaves_nothing_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    sound = [RawEntry(path.encode(), data) for path, data in pack_files().items()]
    for number, name in enumerate(
        (b"../../evil.md", b"/tmp/evil.md", b"..\\evil.md", b"C:\\evil.md", b"a\0.md", b"CON")
    ):
        archive = tmp_path / f"{number}.zip"
        archive.write_bytes(RawZip([*sound, RawEntry(name, b"x")]).bytes())
        assert main(["pack", "install", str(archive)]) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert f"{archive} is refused" in told.err
    assert not user_directory().exists()
    assert list(work.iterdir()) == []


def test_no_word_of_a_pack_acts_on_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def quoted(text: str) -> str:
        escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in text)
        return f'"{escaped}"'

    everything = quoted(" ".join(PAYLOADS))
    hostile = (
        f"format: 1\nname: their-pack\nversion: 1.0.0\ntitle: {everything}\nauthors: [{everything}]\n"
        f"license: {everything}\ncontent_notice: {everything}\n"
    )
    assert yaml.safe_load(hostile)["title"] == " ".join(PAYLOADS)
    sound = zipped({**pack_files(), "pack.yaml": hostile.encode()})
    broken = zipped(
        {**pack_files(small__task_md="{{ nobody_" + "\x1b[2J[/think]\u202e }}"), "pack.yaml": hostile.encode()}
    )
    unknown = zipped({**pack_files(), "pack.yaml": (hostile + f"{everything}: x\n").encode()})
    newer = zipped(
        {**pack_files(small__task_md="\x1b[2Jx\u202e\n"), "pack.yaml": hostile.replace("1.0.0", "1.0.1").encode()}
    )
    for name, data in {"sound": sound, "broken": broken, "unknown": unknown, "newer": newer}.items():
        (tmp_path / f"{name}.zip").write_bytes(data)
        for words in (("install", f"{name}.zip"), ("verify", f"{name}.zip"), ("list",), ("list", "--json")):
            main(["pack", *words])
    main(["pack", "update", "their-pack", "--from", "newer.zip", "--diff", "--yes"])
    main(["check", str(installed_packs() / "their-pack")])
    told = capsys.readouterr()
    assert "[/think]" in told.err, "it is shown as it is"
    for text in (told.out, told.err):
        assert visible(text) == text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


def test_the_canary_reaches_no_subject_and_no_run(tmp_path: Path) -> None:
    canary = "5f0e4a52-7f0b-4a53-9d7a-0d6a5a3c8a11"
    directory = write_pack(tmp_path) / "small"
    assert canary in (directory.parent / "pack.yaml").read_text()
    assert not any(canary in message.text for message in render(load_scenario(directory)).messages)
    carried, _ = read_texts(directory)
    assert set(carried) > {"scenario.yaml", "system.md", "task.md"}
    assert not any(canary in text for text in carried.values()), "what a run carries of a scenario"


def test_an_installed_pack_shows_models_trials_and_greatest_cost_and_asks(
    small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs.zip").write_bytes(zipped(pack_files()))
    assert main(["pack", "install", "theirs.zip"]) == 0
    capsys.readouterr()
    cheap = study_at(small_pack(), "{name: openai/little, price: {input: 0.001, output: 0.001}}")
    study = Path(cheap.source)
    study.write_text(study.read_text().replace("./my-pack/small", "their-pack/small"))
    code, told = studio("run", study, "--out", tmp_path / "run.amrun", cwd=tmp_path)
    assert code == 2
    for words in ("openai/little", "trials", "at most", "their-pack/small comes from an installed pack", "--yes"):
        assert words in told
    assert not (tmp_path / "run.amrun").exists()
    code, told = studio("run", study, "--out", tmp_path / "run.amrun", cwd=tmp_path, said="n\n")
    assert (code, "nothing was called" in told) == (1, True)


def test_the_tables_above_name_tests_that_are_there() -> None:
    here = Path(__file__).parent
    named = set(re.findall(r"`((?:soak/)?\w+\.py)`", __doc__ or ""))
    assert named
    assert [name for name in named if not (here / name).is_file()] == []
    assert len(REFUSED) >= 40
    assert PACK
