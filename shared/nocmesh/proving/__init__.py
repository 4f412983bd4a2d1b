"""The proving package."""
