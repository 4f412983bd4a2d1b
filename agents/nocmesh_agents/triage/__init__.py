"""Triage: whether the alert is real, how bad it is, and who should look.

``topics`` is the table of who knows what; ``rules`` makes the moves.
"""

NAME = "triage"
