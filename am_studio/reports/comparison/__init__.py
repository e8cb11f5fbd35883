"""Runs held against each other: what differs between them first, then whether rates and effects do, by tests."""
