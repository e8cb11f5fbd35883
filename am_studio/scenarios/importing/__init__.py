"""Published experiments and other people's texts, turned into scenarios. Their code is read as data, never run."""
