"""Install, remove and inspect the assistant as a systemd service."""
