"""The loop that all fuzz targets share: mutate, try, bound, tell."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MEMORY_BYTES = 2_000_000_000
SECONDS_AN_INPUT = 5.0
LARGEST = 200_000
Mutated = Callable[[random.Random], bytes]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads a stranger's bytes."""

    name: str
    corpus: Sequence[bytes]
    words: Sequence[bytes]
    """What the format is made of."""
    attempt: Callable[[bytes], str]
    """Reads the bytes and checks what must hold; the kind of answer (`accepted`, or the refusal's class). Raises when something is wrong."""


class Found(Exception):
    """An input that is not read as it must be."""


def mutant(target: Target, chance: random.Random) -> bytes:
    """A sample of the corpus with a few changes."""
    data = bytearray(chance.choice(target.corpus))
    for _ in range(chance.choice((1, 1, 2, 4, 8, 30))):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(8):
            case 0:
                data[at:at] = chance.choice(target.words)
            case 1:
                data[at:at] = chance.choice(target.words) * chance.choice((2, 20, 300))
            case 2:
                del data[at : at + chance.choice((1, 4, 60))]
            case 3 if data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            case 4:
                other = chance.choice(target.corpus)
                start = chance.randrange(len(other) + 1)
                data[at:at] = other[start : start + chance.randrange(200)]
            case 5:
                piece = bytes(data[at : at + chance.randrange(1, 60)])
                data[at:at] = piece * chance.choice((1, 3, 100))
            case 6:
                data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 6)))
            case _:
                data[at : at + 4] = chance.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\x01\0\0\0")
                )
        del data[LARGEST:]
    return bytes(data)


def fuzz(target: Target, seed: int, seconds: float = 0.0, inputs: int = 0) -> dict[str, int]:
    """Try mutants until the seconds or the inputs are used up; how often there was which answer. Found when one is wrong."""
    chance = random.Random(seed)
    answers: dict[str, int] = {}
    end = time.monotonic() + seconds
    count = 0
    while count < inputs if inputs else time.monotonic() < end:
        data = mutant(target, chance)
        began = time.process_time()
        try:
            answer = target.attempt(data)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            raise Found(f"{target.name}, seed {seed}, input {count}: {error!r}\n{data!r}") from error
        if time.process_time() - began > SECONDS_AN_INPUT:
            raise Found(f"{target.name}, seed {seed}, input {count}: more than {SECONDS_AN_INPUT} s\n{data!r}")
        answers[answer] = answers.get(answer, 0) + 1
        count += 1
    return answers


def main(target: Target) -> int:
    """The command line of one target."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.fuzz.{target.name}")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    args = parser.parse_args()
    _bound()
    print(f"{target.name}: seed {args.seed}", flush=True)
    try:
        answers = fuzz(target, args.seed, args.seconds)
    except Found as found:
        print(found)
        return 1
    told = ", ".join(f"{count:,} {answer}" for answer, count in sorted(answers.items()))
    print(f"{target.name}: {sum(answers.values()):,} inputs in {args.seconds:.0f} s: {told}; peak {_peak()} MB")
    return 0


def _bound() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _peak() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1024 * 1024)
