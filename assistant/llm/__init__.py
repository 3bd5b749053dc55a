"""Language models: the engine's Protocol, llama.cpp in this process, and servers with OpenAI's protocol."""
