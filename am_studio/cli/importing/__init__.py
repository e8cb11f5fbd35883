"""One module a kind of `am-studio import`."""
