"""Speech engines behind two ports: recognisers (speech to text), synthesisers (text to speech)."""
