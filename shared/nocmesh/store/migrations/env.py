"""What Alembic runs: the migrations, on the connection that it is handed, inside the caller's transaction."""

from alembic import context

from nocmesh.store.tables import User

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=User.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
