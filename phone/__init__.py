"""A Twilio Media Streams phone: it places calls against a server and measures the answers.

Test double, demo and load generator in one. It writes and checks Twilio's JSON by itself
and shares no codec with the server, so that a mistake on one side is seen by the other.
Start with `phone.call.Call`; from the shell: `python -m phone call URL`.
"""
