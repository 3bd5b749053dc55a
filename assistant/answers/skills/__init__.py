"""Responders that know their answer exactly."""
