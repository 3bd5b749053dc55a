"""Language models: the Protocol of an engine, llama.cpp, an HTTP client."""
