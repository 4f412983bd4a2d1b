"""Faults that are made on a real lab: each a deviation from the plan, with the symptom that the routers then show.

kinds        what a kind of fault is
journal      what is injected, written down first
segments, trees      who shares a network with whom; the spanning tree (pure)
igp, peering            where faults of routing fit on a plan (pure); routing: what routers say of it
igp_lines, igp_signs    a fault that is lines on an interface; what is seen of one; bgp_signs: the same of BGP
asking, values       what nodes say when asked; parameters in their bounds
bgp, ospf, isis, links, addressing, filters, stp, layer2, device, drift
                     a family each, in one file or a few: its kinds
catalogue    all kinds by name
injecting    making a fault, seeing it show, healing
alerts       what monitoring would say of it
"""
