"""The one door to NATS: identities, connections, workers, services, buckets.

nkey, tokens, signing       keys, JWTs, what is signed
plan, rights                limits; who may do what
authority, credentials      the keys of a mesh; those of one process
trust                       whom to believe
server                      a broker of our own; binary, serverconf: what it is started from
provisioning, topology       streams, buckets and consumers
events, received, speech    headers; what comes in; signing and verifying it
link, stored                one connection; what is stored
puller, worker, follower, services, listener, bucket, objects
known, race                 names that there are; who was first on a subject
connection, mesh            one zone; all of them
"""

from nocmesh.bus.authority import Authority
from nocmesh.bus.bucket import Bucket, Entry
from nocmesh.bus.connection import Bus
from nocmesh.bus.credentials import Credentials
from nocmesh.bus.follower import Follower
from nocmesh.bus.listener import Listener
from nocmesh.bus.mesh import Mesh
from nocmesh.bus.objects import Objects
from nocmesh.bus.received import Received
from nocmesh.bus.server import NatsServer
from nocmesh.bus.serverconf import server_conf
from nocmesh.bus.services import Service
from nocmesh.bus.topology import provision
from nocmesh.bus.trust import Speaker, Trust, TrustBundle
from nocmesh.bus.worker import Worker

__all__ = [
    "Authority",
    "Bucket",
    "Bus",
    "Credentials",
    "Entry",
    "Follower",
    "Listener",
    "Mesh",
    "NatsServer",
    "Objects",
    "Received",
    "Service",
    "Speaker",
    "Trust",
    "TrustBundle",
    "Worker",
    "provision",
    "server_conf",
]
