"""Runs made of what others generated: transcripts in files, logs of Inspect. Nothing here asks a model."""
