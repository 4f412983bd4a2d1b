"""The engine: a workflow is data, its journal is the truth, its decision is two pure functions.

definition   steps and their limits
state        run, events, commands, the transition that one journal message carries
decide       ``evolve(state, event)`` and ``decide(definition, state)``: no clock, no bus
runner       the thin shell: load, decide, append guarded, send the commands from the journal
"""
