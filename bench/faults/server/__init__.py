"""Faults of a whole server: rows, the server under test with its control port, what came of it.

A row in which healthy calls are compared with and without a fault is a `row.ServerRow`; one
with a server of its own an `alone_row.AloneRow`; the others are told in words only, as a
`worded_row.WordedRow`. `schedule` says what runs when.
"""
