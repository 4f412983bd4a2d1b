"""The dashboard and the HTTP API: what a person sees and decides."""
