"""The sound card: devices by name, microphone, loudspeaker, and what reopens them."""
