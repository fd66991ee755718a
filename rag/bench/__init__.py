"""Measurements of speed on the machine at hand, each beside what this machine could do at best."""
