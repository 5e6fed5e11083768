"""Settings, Wallet: the accounts that make cards, and how the shop's cards do. Reads only."""

from flask import g, render_template

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from shopify_app.admin.pages import blueprint, enter
from shopify_app.platform.admin_auth import admin_page
from wallet import states


@blueprint.get("/app/settings/wallet")
@admin_page
def wallet_settings() -> str:
    """The page; each wallet that this installation does not have says so."""
    now = utc_now()
    apple, google = states.read_apple(), states.read_google()
    with shop_transaction(g.shop_id) as session:
        enter(session)
        return render_template(
            "admin/settings/wallet.html",
            apple=apple,
            is_over=apple is not None and apple.is_over(now),
            ends_soon=apple is not None and apple.ends_soon(now),
            on_apple=states.read_apple_traffic(session, g.shop_id),
            google=google,
            on_google=states.read_google_traffic(session, g.shop_id),
            complaints=states.list_complaints(session, g.shop_id),
        )
