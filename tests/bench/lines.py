"""How often line ablation returns exactly the planted lines: `python -m tests.bench.lines [WORLDS]`; fails by exit code."""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lines_world import PLANTED, found_by, opened, sixty_lines

WORLDS, TRIALS, Q, ASKED = 400, 240, 0.75, 0.85


def main() -> int:
    """Print the share; 1 when it is below what is asked by more than its Monte-Carlo error."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else WORLDS
    with tempfile.TemporaryDirectory() as directory:
        scenario = sixty_lines(Path(directory))
        right = 0
        for seed in range(worlds):
            design = opened(scenario, total=TRIALS, q=Q, adjustment="holm", seed=seed)
            right += found_by(design, seed) == PLANTED
    share = right / worlds
    error = math.sqrt(share * (1 - share) / worlds)
    print(f"lines: 60 lines, 3 planted that act only together, {TRIALS} trials, q = {Q}, Holm")
    print(f"exactly those three in {right}/{worlds} worlds: {share:.3f} (error {error:.3f})   [>= {ASKED}]")
    return 0 if share >= ASKED else 1


if __name__ == "__main__":
    sys.exit(main())
