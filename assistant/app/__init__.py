"""The daemon: builds the parts from the configuration and owns the root task group."""
