"""SNMP: devices are asked, and what they tell by themselves is heard. Nothing here can set anything.

value       one value as SNMP has it, and how it is written down; pure
ber         the encoding, as far as a trap needs it; pure
trap        a datagram of version 1 or 2c, decoded, and the answer to an inform; pure
header      what a datagram of version 3 says of itself before anything is believed; pure
usm         whether that is proved; pure
oids        which objects, by number
answered    what a device answered for one table, with quotes; pure
ports       interfaces and addresses from rows; pure
tables      a table as typed state; pure
target      how to ask a device
engine      the door to pysnmp
asking      GET and WALK within bounds, errors in our words
query       the tool `snmp_query`
senders     which device an address belongs to; pure
pending     traps that say the same become one; pure
inbox       the socket, read at once into a bounded queue
naming      the names of an interface that a trap gives by number only
hearing     a datagram to a trap, or to the reason why it is dropped
body        traps as messages of the stream; pure
receiver    from the queue to the stream
identity    this engine's id and boots, for the senders of informs
role        the process
"""
