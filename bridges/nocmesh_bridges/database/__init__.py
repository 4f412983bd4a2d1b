"""Databases: one statement at a time, read-only by construction; a write goes through the gate, in one transaction.

statement  what a text of SQL is, as far as it must be known before a database sees it; pure
postgres   PostgreSQL (the door to asyncpg)
hand       a database as a target
"""
