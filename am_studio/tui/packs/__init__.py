"""Packs in the studio: which there are, taking, verifying, checking, comparing and removing them."""
