"""Faults of the recogniser: `rows` says what and when, `run` holds the calls, `table` judges.

Whole calls against a server and an emulator of their own; `crashes` alone is on the manual
clock, since nothing outside can make STT itself crash.
"""
