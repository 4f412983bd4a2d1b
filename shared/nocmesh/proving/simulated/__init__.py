"""Simulated routers: one small model of a network, and an SSH command line per device that shows it.

From the ground up: ``model`` is what is configured and cabled; ``wiring`` says who reaches whom; ``bgp`` computes the
sessions from both ends and ``routes`` what they carry; ``live`` adds time: transitions, logs, counters. ``grammar``
matches typed lines; ``editing`` and the two dialects, ``frr*`` and ``iosxe*``, read and write configuration and answer
show commands; ``shell`` is one login, ``terminal`` its keyboard and screen, ``ports`` puts a device behind SSH and
``server`` the whole network. ``topology``, ``mistakes`` and ``faults`` are the demo's network and what can be broken.

It proves the mesh's logic, not a vendor's behaviour: a real FRRouting or IOS-XE may differ in what is not modelled.
"""
