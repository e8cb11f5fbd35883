"""One module a kind of `am-studio export`."""
