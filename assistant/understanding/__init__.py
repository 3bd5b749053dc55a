"""What people ask for, from their words: sentence templates with typed slots, a file per language and skill. Pure."""
