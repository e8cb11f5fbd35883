"""Result bundles: a run as one file of plain parts, and its reproduction by somebody who has nothing but that file."""
