"""The assistant as a service of systemd: putting its units in place, taking them away, and how it is."""
