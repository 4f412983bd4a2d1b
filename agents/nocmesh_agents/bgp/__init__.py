"""The BGP specialist: it walks from the device over the link to the session, and says which end moved.

``rules`` makes the moves; ``judge`` puts the judgement together from ``layers`` (device, link, interface),
``identity`` (who speaks to whom, under which AS number), ``settings`` (what the two ends agreed on) and
``origination`` (which prefixes they bring); ``blame`` tells which of two ends is the odd one.
"""

NAME = "bgp"
