"""The configuration of one nats-server. Pure."""

from pathlib import Path

from nocmesh.bus.authority import Authority
from nocmesh.bus.plan import load_plan


def server_conf(
    authority: Authority,
    *,
    store_dir: Path | str,
    host: str = "127.0.0.1",
    port: int = 4222,
    monitor_port: int | None = None,
    name: str = "nocmesh",
) -> str:
    """The configuration of one server: public keys only, JetStream that fsyncs before it acknowledges.

    Only allow-lists; no leaf nodes, no MQTT, no user without a key.
    """
    plan = load_plan()
    lines = [
        "# Generated from the keys of the mesh: holds public keys only.",
        f"server_name: {name}",
        f'listen: "{host}:{port}"',
        *([f'http: "127.0.0.1:{monitor_port}"'] if monitor_port is not None else []),
        "max_payload: 1MB",
        "max_connections: 1000",
        "max_control_line: 16KB",
        "max_pending: 32MB  # a slow consumer is cut off, not buffered for ever",
        'write_deadline: "5s"',
        'ping_interval: "20s"',
        "ping_max: 2",
        "jetstream {",
        f'  store_dir: "{store_dir}"',
        f"  max_file_store: {plan.server.disk_mb}MB",
        f"  max_memory_store: {plan.server.memory_mb}MB",
        "  sync_interval: always",
        "}",
        f"operator: {authority.operator_jwt()}",
        f"system_account: {authority.system_account()}",
        "resolver: MEMORY",
        "resolver_preload: {",
        *(f"  {key}: {token}" for key, token in authority.account_jwts().items()),
        "}",
    ]
    return "\n".join(lines) + "\n"
