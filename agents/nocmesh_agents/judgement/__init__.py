"""Judgement: what is wrong with a network that was seen, by rules from the lowest layer up. Pure.

causes   root causes in the making
layers   devices, daemons, links, interfaces and their addresses
igp      OSPF and IS-IS: what the two ends of an adjacency must agree on, as data in agreements.toml
judge    all rules in the order of the layers, and the verdict

The rules of one protocol alone, as of BGP, lie in the folder of its specialist.
"""
