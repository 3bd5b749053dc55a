"""The machine: processors, threads, ONNX sessions, this process, the service manager."""
