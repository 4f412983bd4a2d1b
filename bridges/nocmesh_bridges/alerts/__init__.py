"""The alerts bridge: monitoring systems post their webhooks here, and the raw body goes into the stream.

deliveries   telling a sender's retry from the same trouble again
netboxhook   what NetBox says has changed; pure
app          the HTTP side: read, check, hand over, answer
serving      the socket
role         the process: the stream joined to the app
"""
