"""The engines as Wyoming services, and conversations with satellites: the protocol of Home Assistant's voice."""
