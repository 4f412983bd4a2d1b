"""Starting processes: one role, several roles in one process, the whole mesh on one machine.

host        runs roles in this process, each with its own identity and connections
home        the data folder: keys, credentials, logs, who runs here
supervisor  keeps processes running, stops them in order
mesh        the whole mesh: broker, streams, identities, processes
"""
