"""Sockets that interfaces listen on and connect to."""
