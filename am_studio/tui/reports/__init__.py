"""Reports and comparisons, read in the studio."""
