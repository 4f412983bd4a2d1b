"""Simulated routers and switches: one small model of a network, and an SSH command line per device that shows it.

From the ground up: ``model`` and ``switching`` are what is configured and cabled; ``wiring`` says who reaches whom;
``bgp`` computes the sessions from both ends and ``routes`` what they carry. For switches, ``cabling`` says what the two
ends of a cable agree on and which ports a bundle takes, ``spanning`` computes a tree, ``bridging`` all trees and where
each address is heard. ``live`` adds time: transitions, ``counters``, ``logbook``. ``grammar`` matches typed lines;
``editing`` and the two dialects, ``frr*`` and ``iosxe*``, read and write configuration and answer show commands;
``shell`` is one login, ``terminal`` its keyboard and screen, ``ports`` puts a device behind SSH and ``server`` all of
them; ``desk`` and ``control`` take orders. ``topology`` and ``campus`` are the networks; ``mistakes`` and ``faults``
what can be broken in routing, ``mishap_kinds``, ``mishaps`` and ``places`` the rest, ``breakages`` all of it by name.

It proves the mesh's logic, not a vendor's behaviour: a real FRRouting or IOS-XE may differ in what is not modelled.
"""
