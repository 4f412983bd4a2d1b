"""The connectors: databases, REST services and commands of this machine, behind the same gate as devices.

form       the form of the target file
targets    what the file says, with its secrets looked up
lines      what is asked of a target, as the lines that people approve, and back; pure
veil       secrets out of what came back; pure
hand       what every kind of target can do: look, tell what it depends on, act
serving    the tools, and how a change is drafted
executing  approved changes: gate, begin, act at most once
role       all of it as one process
"""
