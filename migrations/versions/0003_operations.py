"""What operators and metrics may see past one shop: which shops there are, and how much waits."""

from alembic import op

from migrations import tenancy

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _shops()
    _backlogs()


def _shops() -> None:
    tenancy.let_read("shop")
    tenancy.definer_function(
        "list_shops()",
        "TABLE (shop bigint, domain text, status text)",
        "RETURN QUERY SELECT s.shop_id, s.domain, s.status FROM shop s ORDER BY s.shop_id;",
    )


def _backlogs() -> None:
    """Only states that something or someone waits for: each has a partial index of its own."""
    op.execute("CREATE INDEX ix_delivery__dead ON delivery (shop_id, id) WHERE state = 'dead'")
    tenancy.definer_function(
        "backlogs()",
        "TABLE (handover text, state text, waiting bigint, oldest_at timestamptz)",
        """RETURN QUERY
        SELECT 'inbox', 'new', count(*), min(i.received_at) FROM inbox_row i
            WHERE i.state = 'new' HAVING count(*) > 0
        UNION ALL
        SELECT 'inbox', 'parked', count(*), min(i.received_at) FROM inbox_row i
            WHERE i.state = 'parked' HAVING count(*) > 0
        UNION ALL
        SELECT 'outbox', 'new', count(*), min(o.created_at) FROM outbox_event o
            WHERE o.state = 'new' HAVING count(*) > 0
        UNION ALL
        SELECT d.subscriber, 'pending', count(*), min(d.next_at) FROM delivery d
            WHERE d.state = 'pending' GROUP BY d.subscriber
        UNION ALL
        SELECT d.subscriber, 'dead', count(*), min(d.done_at) FROM delivery d
            WHERE d.state = 'dead' GROUP BY d.subscriber;""",
    )
