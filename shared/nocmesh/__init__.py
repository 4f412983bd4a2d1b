"""nocmesh: an event-driven mesh of network-operations agents on NATS JetStream.

From the ground up:
errors, ids, clock   the tree of errors; ids; the time, handed in
subjects             every subject, spelled once
messages/            the nouns on the bus
inventory            what the network should be, from a file
settings             the environment, read once
bus/                 the one door to NATS: identities, connections, workers, services, buckets
diagnosis/           fault vocabulary, evidence, checks: pure
engine/              workflows as data, the journal, decide
agent/               what an agent is made of: card, beats, the loop, reasoners
store/               the one door to SQL: read models, people
runtime, cli/        processes, commands
proving/             simulated devices, the demo; nothing else imports it
"""

__version__ = "0.1.0"
