"""Language models: the engine's Protocol, llama.cpp, an HTTP client, prompt and history."""
