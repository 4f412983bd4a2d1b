"""MCP servers and the gateway that joins them to the mesh."""
