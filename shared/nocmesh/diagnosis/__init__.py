"""The diagnosis package."""
