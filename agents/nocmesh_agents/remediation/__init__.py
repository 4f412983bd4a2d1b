"""Remediation: a proven cause becomes a change with its exact undoing, or a word to a person.

``edits`` is what a fix is made of, and its inverse; ``interfaces``, ``sessions``,
``neighbors`` and ``process`` hold the fixes by
fault; ``templates`` tells platforms apart; ``risk`` is the rule; ``plan`` puts one change per device together;
``rules`` makes the moves.
"""

NAME = "remediation"
