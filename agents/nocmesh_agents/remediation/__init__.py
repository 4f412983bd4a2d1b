"""Remediation: a proven cause becomes a change with its exact undoing, or a word to a person.

edits       what a fix is made of, and its inverse
concerns    which lines a fault is about, as data in concerns.toml
restoring   two readings of a configuration become edits
past        as it was: what moved since all was well goes back; proofs says how that is proved
agreeing    as the far end has it, where no past is known; sessions, neighbors, process, identities: BGP and who is who
shell       what is mended beside the command line; shell_* by what it is
remedies    which of them heals which cause
risk        what a change can break
plan        one change per device and door; rules makes the moves
"""

NAME = "remediation"
