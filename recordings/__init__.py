"""Caller recordings of the demonstration call, and the script that makes them."""
