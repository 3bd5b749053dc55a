"""`assistant bench`: a subcommand a suite, each with its own options and tables."""
