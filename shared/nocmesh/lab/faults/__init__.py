"""Faults that are made on a real lab: each a deviation from the plan, with the symptom that the routers then show.

kinds        what a kind of fault is
journal      what is injected, written down first
bgp, ospf, isis, …   a family each: its kinds
catalogue    all kinds by name
injecting    making a fault, seeing it show, healing
alerts       what monitoring would say of it
"""
