"""The command line, one file per command group, without logic of its own."""
