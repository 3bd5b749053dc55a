"""The benchmark: recordings played through the whole pipeline in real time, and measured. A folder a suite."""
