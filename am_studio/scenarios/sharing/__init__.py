"""Packs as things that travel: one exact content whatever they came in, built, signed, verified, installed.

Strangers' archives and repositories are read into memory and judged there; nothing is ever extracted, and no name that a
stranger chose becomes a path before it has passed `names.py`.
"""
