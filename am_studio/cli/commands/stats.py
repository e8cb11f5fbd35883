"""A calculator for yes/no outcomes: intervals, tests, adjustment, agreement, power. On anyone's numbers.

Counts are yes/trials, such as 7/50. Every number is printed with its method, every estimate with its interval.

  am-studio stats rate 7/50
  am-studio stats difference 56/70 48/80
  am-studio stats ratio 36/40 16/80 --method koopman
  am-studio stats test 7/34 1/34
  am-studio stats adjust .01 .04 .03 --method bh
  am-studio stats kappa 40 9 6 45                         row by row
  am-studio stats cmh 8/10,2/10 7/10,3/10                 with,without in each stratum
  am-studio stats interaction 9/10,1/10 5/10,4/10         the same effect in two models
  am-studio stats power .96 .55 --n 15
  am-studio stats equivalence 9/60 10/60 --delta .15
  am-studio stats rogan-gladen 50/3330 --sensitivity 130/157 --specificity 3308/3324
  am-studio stats checked --yes 40:36/40 --no 160:2/40    verdicts : truly yes/checked
  am-studio stats looks 5 --method pocock
"""

from __future__ import annotations

import argparse
import math
from typing import Any

from am_studio.cli.console import data, emit_json
from am_studio.cli.power_answers import add_power_arguments
from am_studio.cli.stats_answers import QUESTIONS, Answer, Count, Figure, count, share, stratum
from am_studio.foundation.cells import cells, filled_up
from am_studio.foundation.errors import StudioError
from am_studio.foundation.plainly import plainly
from am_studio.reports.numbers import level_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One subcommand a question."""
    asked = parser.add_subparsers(dest="question", required=True, metavar="QUESTION")
    _pair(_question(asked, "difference", "two rates: difference and test", ("miettinen-nurminen", "newcombe")))
    _pair(_question(asked, "ratio", "two rates: ratio", ("miettinen-nurminen", "koopman")))
    _pair(
        _question(
            asked, "test", "two rates: a test", ("auto", "boschloo", "mid-p", "fisher-mid-p", "fisher", "barnard")
        )
    )
    one = _question(asked, "rate", "one rate", ("wilson", "clopper-pearson"))
    one.add_argument("counts", type=count, metavar="K/N")
    adjust = _question(asked, "adjust", "p-values for their number", ("holm", "bh", "benjamini-hochberg", "bonferroni"))
    adjust.add_argument("ps", type=share, nargs="+", metavar="P")
    kappa = _question(asked, "kappa", "agreement of two judges")
    kappa.add_argument("cells", type=_whole, nargs="+", metavar="N", help="the table, row by row")
    cmh = _question(asked, "cmh", "an effect over strata")
    cmh.add_argument("strata", type=stratum, nargs="+", metavar="K/N,K/N", help="with,without in each stratum")
    cmh.add_argument("--correction", action="store_true", help="with continuity correction, as R by default")
    between = _question(asked, "interaction", "whether an effect differs between two contexts")
    between.add_argument("here", type=stratum, metavar="K/N,K/N", help="with,without in one context")
    between.add_argument("there", type=stratum, metavar="K/N,K/N", help="with,without in the other")
    power = _question(asked, "power", "power, trials needed, or what can be found", level=False)
    power.add_argument("rates", type=share, nargs="+", metavar="RATE", help="two rates, or one with --n")
    add_power_arguments(power)
    same = _pair(_question(asked, "equivalence", "effect, equivalence within a margin, or neither"))
    same.add_argument("--delta", type=share, required=True, metavar="D", help="the margin, such as .1")
    _judged(asked)
    looks = _question(asked, "looks", "looks of a study that may stop early", ("obrien-fleming", "pocock"))
    looks.add_argument("number", type=int, choices=range(1, 11), metavar="LOOKS")


def _judged(asked: Any) -> None:
    apart = _question(asked, "rogan-gladen", "a rate, corrected by a separate validation set")
    apart.add_argument("counts", type=count, metavar="K/N")
    apart.add_argument("--sensitivity", type=count, required=True, metavar="K/N", help="said yes, of what is yes")
    apart.add_argument("--specificity", type=count, required=True, metavar="K/N", help="said no, of what is no")
    after = _question(asked, "checked", "a rate, corrected by checking trials after the verdicts")
    for verdict in ("yes", "no"):
        told = f"trials said {verdict} : truly yes/checked"
        after.add_argument(f"--{verdict}", type=_checked, required=True, metavar="N:K/N", help=told)
    after.add_argument("--seed", type=_whole, default=0, metavar="N", help="of the draws (default: 0)")


def _question(
    asked: Any, name: str, summary: str, methods: tuple[str, ...] = (), level: bool = True
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = asked.add_parser(name, help=summary, description=summary[0].upper() + summary[1:])
    parser.add_argument("--json", action="store_true", help="the numbers as JSON")
    if level:
        parser.add_argument("--level", type=_level, default=0.95, metavar="L", help="confidence level (default: .95)")
    if methods:
        parser.add_argument("--method", choices=methods, help=f"default: {methods[0]}")
    return parser


def _pair(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("counts", type=count, metavar="K/N", help="the first group")
    parser.add_argument("other", type=count, metavar="K/N", help="the second group")
    return parser


def run(args: argparse.Namespace) -> int:
    """Answer the question."""
    answer = QUESTIONS[args.question](args)
    if args.json:
        emit_json(as_json(answer))
    else:
        show(answer)
    return 0


def show(answer: Answer) -> None:
    """Print an answer as lines of text."""
    data(answer.question)
    width = max(cells(figure.name) for figure in answer.figures)
    for figure in answer.figures:
        told = f"{figure.name}: " if plainly() else f"  {filled_up(figure.name, width)}  "
        data(f"{told}{_told(figure)}".rstrip())
    for note in answer.notes:
        data(f"  {note}")


def as_json(answer: Answer) -> dict[str, Any]:
    """An answer as plain data, the first figure also on top; what is undefined or infinite is null."""
    figures = [
        {
            "name": figure.name,
            "value": figure.value,
            "interval": None if figure.interval is None else _interval_json(figure.interval),
            "method": figure.method or (figure.interval.method if figure.interval else None),
        }
        for figure in answer.figures
    ]
    first = figures[0]
    return {
        "question": answer.question,
        "value": first["value"],
        "interval": first["interval"],
        "method": first["method"],
        "figures": figures,
        "notes": list(answer.notes),
    }


def _interval_json(interval: Any) -> dict[str, Any]:
    high = interval.high if math.isfinite(interval.high) else None
    return {"low": interval.low, "high": high, "method": interval.method, "level": interval.level}


def _told(figure: Figure) -> str:
    parts = [_number(figure.value, figure.digits)]
    if figure.interval is not None:
        low, high = (_number(bound, figure.digits) for bound in (figure.interval.low, figure.interval.high))
        parts.append(f"{level_text(figure.interval.level)} interval {low} to {high} ({figure.interval.method})")
    if figure.method:
        parts.append(f"({figure.method})")
    return "  ".join(parts)


def _number(value: float | str | None, digits: int) -> str:
    if value is None:
        return "undefined"
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return "infinity"
    told = f"{value:.{digits}f}"
    return f"{value:.2g}" if value and float(told) == 0 else told


def _level(text: str) -> float:
    level = share(text)
    if level in {0.0, 1.0}:
        raise StudioError(f"a confidence level of {text} says nothing", hint="such as .95")
    return level


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise StudioError(f"'{text}' is no count", hint="whole numbers from 0, such as 40 9 6 45")
    return int(text)


def _checked(text: str) -> tuple[int, Count]:
    """`160:2/40` as (160, (2, 40)); nothing checked of nothing is `0:0/0`."""
    trials, colon, found = text.partition(":")
    if not colon or not trials.isdecimal():
        raise StudioError(f"'{text}' is no stratum", hint="trials : truly yes/checked, such as 160:2/40")
    return int(trials), (0, 0) if found == "0/0" else count(found)
