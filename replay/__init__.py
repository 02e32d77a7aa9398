"""Records all that enters and leaves a call, and runs a recorded call again."""
