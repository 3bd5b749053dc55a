"""The ways in and out. None knows another."""
