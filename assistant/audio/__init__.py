"""Audio in and out: formats, files, resampling, playback; devices, echo cancellation and stand-ins in folders."""
