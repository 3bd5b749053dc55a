"""The command line: one file a command group; it holds no logic."""
