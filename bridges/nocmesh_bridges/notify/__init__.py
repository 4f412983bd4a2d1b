"""Notifications: people are told, where they are, what waits for them and what they must look at.

note       what is told, in a few lines; pure
due        when a waiting approval is told of, and when again; pure
pace       so many messages a minute, and the rest in one; pure
targets    where to, and what; pure
sending    the door to Apprise
outbox     each note once, kept on the bus until it was told
watching   from messages of the mesh to notes
trial      one message to each target, for `nocmesh notify test`
role       the process
"""
