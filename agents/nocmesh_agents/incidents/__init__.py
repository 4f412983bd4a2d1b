"""The incidents role alone writes incident events: alerts open them, the journal of their run moves them on.

life     an incident as the fold of its events; what a run's transition means for it: pure
report   the report, made from the run's state: pure
intake   alerts to incidents
agent    ears and mouth
"""
