"""The call as a supervised tree of actors. `call.py` is the supervisor; start reading there."""
