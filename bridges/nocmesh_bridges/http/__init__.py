"""REST services: listed hosts, listed paths, addresses judged at every connection, no redirect followed.

addresses  which address may be spoken to; pure
request    one request to a service, within what the target file allows; pure
client     sends it (the door to HTTP)
hand       a service as a target
"""
