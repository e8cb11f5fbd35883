"""Fuzz targets for everything that reads a stranger's bytes: `python -m tests.fuzz.NAME --seconds 60 [--seed N]`.

`yaml_events`, `templates`, `zips` and `replies`. Each mutates a corpus of sound and hostile samples (splicing, deleting,
repeating, flipping, inserting words of the format), within a limit of memory and of seconds an input. Only typed refusals are
accepted; anything else, an input that takes too long, or a broken invariant ends the target with exit code 1, the seed, and
the input as a Python literal. The same targets run shortly in the ordinary tests, under Hypothesis and with fixed seeds.
"""
