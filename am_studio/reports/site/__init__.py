"""A library of scenarios as pages that can be read without the program."""
