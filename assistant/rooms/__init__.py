"""Rooms: places where people speak, each with its source, sink and conversation."""
