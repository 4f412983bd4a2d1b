"""Commands of this machine: listed ones, never through a shell, in a folder of their own and within limits.

rendering  the arguments of a listed command; pure
launcher   sets the limits and becomes the command; run as a program of its own
running    runs one, reads what it prints, ends all of it
hand       a command as a target
"""
