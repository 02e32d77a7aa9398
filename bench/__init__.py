"""Measurements under load. `python -m bench` runs them and prints a table; see README.md."""
