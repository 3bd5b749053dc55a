"""How other programs talk to the daemon: JSON-RPC 2.0, one message a line, on a Unix socket."""
