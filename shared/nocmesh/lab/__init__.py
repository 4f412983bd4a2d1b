"""A lab of real routers on one machine: network namespaces, FRRouting, sshd, snmpd, kernel bridges.

graph      nodes and links as data; the named topologies
plan       what a lab consists of: nodes, interfaces, addresses, protocols
"""
