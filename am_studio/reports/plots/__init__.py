"""Plots for reports and papers: what is drawn is plain data, how it is drawn is matplotlib's, loaded when it is needed."""
