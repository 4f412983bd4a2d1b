"""What stands before every change, whoever carries it out, from the ground up.

gate           whether a change may be made; pure
grounds        what the gate stands on, gathered from the bus
budget         how many changes may be under way at once
devicejournal  what was begun and how it ended, one writer per device or other target
"""
