"""The proving ground: what the mesh is tried on. Nothing else imports it.

From the ground up: ``broker`` is a message broker that can be killed and restarted; ``simulated`` is a network of
pretended routers, each behind a real SSH server, for the demo and for machines where nobody is root. It says that it is
simulated wherever a person looks.
"""
