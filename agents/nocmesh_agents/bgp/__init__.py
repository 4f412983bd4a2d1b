"""The BGP specialist, and what it knows of BGP for ``nocmesh_agents.judgement``.

``identity`` (who speaks to whom, under which AS number), ``settings`` (what the two ends agreed on), ``sources`` (from
where they speak) and ``origination`` (which prefixes they bring); ``blame`` tells which of two ends is the odd one.
"""

NAME = "bgp"
