"""Explaining an incident to the person who is called at night: what broke, since when, how bad, what to do.

graph       what hangs together of the network, and what does not without something of it
joints      single points of failure
weights     which part of a network is the rest of it
impact      what the causes take down
beginning   since when
explain     the explanation, section by section
render      as text and as Markdown
words       times, durations and resources in words

All of it is pure.
"""
