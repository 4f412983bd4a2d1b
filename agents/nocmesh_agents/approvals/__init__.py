"""The approvals role owns people and decisions: it checks who votes, counts, and signs the decision.

count   who may vote, and when a decision is made: pure
conditions  how far a yes reaches: pure
orders  who may freeze, and who says what agents may do
people  sign-in, asked over the bus by dashboard and API
agent   ears and mouth
"""
