"""The agent's brains: what to say and do about what the caller said."""
