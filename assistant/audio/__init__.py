"""Audio in and out: formats, files, devices, resampling."""
