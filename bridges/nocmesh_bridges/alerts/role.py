"""The process of the alerts bridge: it joins the stream to the HTTP side, until it shall stop."""

from nocmesh.messages.inventory import InventoryChanged
from nocmesh.runtime import Context, Role
from nocmesh.subjects import subject
from nocmesh_bridges.alerts.app import NetBoxDoor, receiver
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

    async def tell(change: InventoryChanged) -> None:
        await context.mesh.edge.emit(subject("ai.inventory.changed"), change)

    secret = context.settings.netbox_webhook_secret
    netbox = NetBoxDoor(secret=secret.get_secret_value(), tell=tell) if secret else None
    app = receiver(publish, context.clock, context.log, netbox=netbox)
    await serve(app, context.settings.webhooks, context.stopping, context.log, context.settings.shutdown_seconds)


ROLE = Role(name="alerts", bus_role="alerts", run=run)
