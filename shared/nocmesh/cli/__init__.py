"""The ``nocmesh`` command: noun then verb; data on stdout, talk on stderr; heavy imports inside the commands.

app        the commands; *_commands: those of one noun, or of a few that belong together
options    what they share; doing: how they get to their work
output     table, json, yaml, name
client     asking the dashboard's API
story      telling an incident as it happens; explaining: what it was, in full
"""


def main() -> None:
    """The entry point."""
    from nocmesh.cli.app import run

    run()
