"""NetBox: what should be there, asked for. Nothing here writes to it.

question   what is asked, with filters that NetBox knows; pure
rows       NetBox's objects as plain rows; pure
cache      answers, while they are good; pure but for its memory
lookup     the tool `netbox_lookup`
stale      where the mesh's network differs from NetBox's; pure
following  what changes in NetBox, and what that makes stale
role       the process
"""
