"""One module a verb of `am-studio pack`."""
