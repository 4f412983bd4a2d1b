"""The process of the alerts bridge: it joins the stream to the HTTP side, until it shall stop."""

from nocmesh.runtime import Context, Role
from nocmesh.subjects import subject
from nocmesh_bridges.alerts.app import receiver
from nocmesh_bridges.alerts.serving import serve

INCOMING = "ai.alerts.incoming.<source>"
STORED_SECONDS = 5.0
"""Senders give up after ten; an answer that says "come again" must reach them before."""


async def run(context: Context) -> None:
    """Take webhooks on ``settings.webhooks`` until ``context.stopping``; what has been read is finished first."""

    async def publish(source: str, body: bytes, id: str) -> int:
        return await context.mesh.edge.publish(
            subject(INCOMING, source=source), body, id=id, correlation_id=id, timeout=STORED_SECONDS
        )

    app = receiver(publish, context.clock, context.log)
    await serve(app, context.settings.webhooks, context.stopping, context.log, context.settings.shutdown_seconds)


ROLE = Role(name="alerts", bus_role="alerts", run=run)
