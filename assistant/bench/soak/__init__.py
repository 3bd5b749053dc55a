"""The suite for whether the daemon lasts: it is talked to, and watched from outside."""
