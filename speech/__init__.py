"""Speech engines behind two ports: recognisers (speech to text) and synthesisers (text to speech)."""
