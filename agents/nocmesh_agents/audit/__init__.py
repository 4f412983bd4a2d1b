"""The audit role: one chainer that derives who did what from the journals.

facts   what a message means for the audit: pure
chain   the hash chain: pure
agent   ears and mouth
"""
