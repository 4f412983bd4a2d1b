"""The orchestrator owns workflows: it starts runs, takes answers in, and knows who is there.

workflows   the built-in definitions, as data
agent       ears and mouth: requests, results, decisions, timers, control
claims      who asks for a change, whatever it says itself
registry    who is there: judged by pure rules
serving     discovery, and the tools that need an approval
"""
