"""Scripted engines, devices and a virtual clock, for tests of whatever is built on the assistant."""
