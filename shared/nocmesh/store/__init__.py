"""The one door to SQL: read models that any replay brings back, and the people who may decide.

database    one connection pool over SQLite or PostgreSQL, migrated when it is opened
rows, tables what is stored
folds       what each message does to the rows, incident what an incident learns: pure
projector   the folds applied to the bus's messages, once each
records     what the dashboard and the API read
people      users, personal tokens, sessions
migrations/ the same steps for both databases

Nothing here is the truth: that is the journal. Delete the read models, replay, and they are back; the people's
tables alone are kept.
"""
