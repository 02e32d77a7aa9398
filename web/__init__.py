"""The border: HTTP routes, the media socket, and the checks at both. Knows no call logic."""
