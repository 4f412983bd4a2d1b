"""The proving ground: networks to try the mesh on. Nothing else imports it.

From the ground up: ``simulated`` is a network of pretended routers, each behind a real SSH server, for the demo and for
machines where nobody is root. It says that it is simulated wherever a person looks.
"""
