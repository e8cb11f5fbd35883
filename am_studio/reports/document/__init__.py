"""A report as blocks of text, tables, figures and transcripts that any format can lay out."""
