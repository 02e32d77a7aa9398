"""Agents to begin with. They know of `dialogue.ports` only; docs/agents.md explains them."""
