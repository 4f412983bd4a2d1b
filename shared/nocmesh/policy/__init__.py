"""The policy: how much a change can break, and what it therefore takes. Data in YAML, judged by pure functions.

form      the form of a policy file
words     which lines a rule is about
blast     which devices a change would cut off
autonomy  what each type of agent may have done for it
judge     a change in, its risk with every reason out
policy    policy files, read and laid one upon another
"""
