"""The benchmark: recordings through the whole pipeline in real time, measured."""
