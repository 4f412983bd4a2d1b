"""The dashboard and the HTTP API: what a person sees and decides.

text, looks     what is shown, made safe and readable: pure
backend         what pages and API need of the mesh, as a protocol
people          who asks, and from where; same-origin rule
problems        errors as HTTP answers
stream          change notices to browsers, coalesced (server-sent events)
api, openapi    JSON
explained       the explanation of an incident
pages           HTML, rendered here
metrics         numbers
webhooks        passes monitoring systems on to the alerts bridge
app             puts them together
bus_backend     the backend over the mesh
role            the process

testing         the backend without a mesh: real read models, fed by hand
"""
