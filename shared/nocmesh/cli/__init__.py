"""The ``nocmesh`` command: noun then verb; data on stdout, talk on stderr; heavy imports inside the commands.

app        the commands
output     table, json, yaml, name
client     asking the dashboard's API
story      telling an incident as it happens
"""


def main() -> None:
    """The entry point."""
    from nocmesh.cli.app import run

    run()
