"""The engines that rooms share, each behind a handle that owns its queue and its worker."""
