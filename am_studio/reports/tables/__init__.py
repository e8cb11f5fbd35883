"""Tidy tables of a run, a row a trial and a row an effect, for notebooks and spreadsheets."""
