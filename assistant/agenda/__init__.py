"""Timers, alarms and reminders: what is due, and what becomes of it."""
