"""The Wyoming protocol: services for Home Assistant, and satellites."""
