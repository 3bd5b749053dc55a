"""The machine: processors, threads, ONNX sessions, processes, the supervisor."""
