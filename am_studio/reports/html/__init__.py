"""Pages that open anywhere: one file each, no script, nothing fetched, strangers' text escaped."""
