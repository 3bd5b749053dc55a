"""The room that a row belongs to."""

LOCAL_ROOM = "local"
"""The device's own microphone and loudspeaker. Whatever was kept before there were rooms is its."""

NO_ROOM = ""
"""Of settings that hold for the whole device."""
