"""The nouns on the bus: msgspec structs, JSON on the wire, unknown fields tolerated.

alert, incident, report   what is wrong, and what we found
workflow, task            work and its outcome
agent, session            who is there, and what it thought, did and saw
state                     what a device is, vendor-neutral
change, approval, device  what shall be done to a device, who allowed it, what became of it
people, audit             who asked; who did what
"""
