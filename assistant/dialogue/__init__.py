"""The only place that wires the stages to each other."""
