"""The audit role: one chainer that derives who did what from the journals.

facts     what a message means for the audit: pure
evidence  what a fact rests on: pure
heads     the end of the chain, told to whoever keeps it elsewhere
agent     ears and mouth

The chain itself lies in ``nocmesh.audit``: the commands that check it need it too.
"""
