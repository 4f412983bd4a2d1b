"""Agents: each listens, judges by pure rules, and speaks."""
