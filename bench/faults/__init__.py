"""The fault table: everything that can go wrong with calls, done to them and measured.

Two parts of the same shape: `server`, whole servers that are broken from within and without,
and `recogniser`, the faults of Google's recogniser, played by the emulator. `__main__` runs
both, `document` writes what came of them into `docs/faults.md`.
"""
