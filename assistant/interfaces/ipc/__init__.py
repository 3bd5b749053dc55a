"""The Unix socket: JSON-RPC, one message a line."""
