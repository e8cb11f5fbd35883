"""The settings of the studio: what may be set, by a form; which key does what, by pressing it."""
