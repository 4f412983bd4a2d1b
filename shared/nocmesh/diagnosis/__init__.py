"""Diagnosis: what can be said about a network, and what it takes to say it.

From the ground up: ``resources`` (ids), ``vocabulary`` (fault types), ``evidence`` (quotes that code finds),
``configtext`` and ``configmerge`` (configurations), ``checks`` (statements that code can decide), ``find`` (which
devices an alert is about), ``facts`` (everything that was seen, one sight per device), ``cabling`` (links as both
ends see them), ``peer`` and ``peering`` (BGP sessions as both ends tell
them), ``signs`` (what is visibly wrong), ``scope`` (where
to look next). All of it is pure; the specialists build their judgement on it.
"""
