"""Explaining an incident to the person who is called at night: what broke, since when, how bad, what to do.

words       times, durations and resources in words
graph       what hangs together, and what does not without something of it; weights: which part is the rest
joints      single points of failure
losses      what the causes take away; sessions: which BGP sessions fall with it
impact      the blast radius; saying: the same in sentences
beginning   since when
told        what an explanation is made of
explain     the explanation; acting: what to do next; backing: what the answers rest on
render      as text and as Markdown

All of it is pure.
"""
