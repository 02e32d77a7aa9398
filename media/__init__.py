"""Pure media logic: no clock, no I/O, no actors. Times come in as arguments."""
