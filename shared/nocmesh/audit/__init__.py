"""The audit, for whoever writes it, feeds it or checks it.

chain     the hash chain: an entry after another, and what finds the first wrong one: pure
anchors   heads of the chain that are kept elsewhere: pure
attempts  telling the audit what was tried, within bounds
"""
