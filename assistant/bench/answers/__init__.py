"""Whether written requests are answered right, and nothing is done that nobody asked for."""
