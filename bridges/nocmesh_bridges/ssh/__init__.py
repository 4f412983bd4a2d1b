"""The SSH way to a device, from the ground up.

target      which device, how to log in
prompts     what scrapli knows about a platform's prompts, modes and failure texts (the door to scrapli)
hostkeys    which host key a device showed us first, and that it still shows it
transport   bytes to and from a device (the door to asyncssh)
screen      what printed bytes mean: echo, prompt, pager, stray log lines; pure
dialogue    one question typed, one answer read, its end proved
session     a logged-in device: ``show`` and ``configure``
pool        few sessions for many callers
guard       which commands may be typed at all; pure
asking      several commands at one device, over both of its doors
bench       how long all of it takes
reading     the tools that only read
probing     the tool that makes a device ping, or trace the way to, an address
work        one change on one device, behind ``nocmesh_bridges.gate``
applying    takes approved changes, one at a time on each device
role        the bridge as a process

Nothing is imported here: the guard is needed where asyncssh is not.
"""
