"""SNMP: devices are asked, and what they tell by themselves is heard. Nothing here can set anything.

value       one value as SNMP has it, and how it is written down; pure
ber         the encoding, as far as a trap needs it; pure
trap        a datagram of version 1 or 2c, decoded, and the answer to an inform; pure
header      what a datagram of version 3 says of itself before anything is believed; pure
oids        which objects, by number
tables      rows to typed state; pure
target      how to ask a device
engine      the door to pysnmp
asking      GET and WALK within bounds, errors in our words
query       the tool `snmp_query`
senders     which device an address belongs to; pure
pending     traps that say the same become one; pure
inbox       the socket, read at once into a bounded queue
naming      the names of an interface that a trap gives by number only
receiver    from the queue to the stream
role        the process
"""
