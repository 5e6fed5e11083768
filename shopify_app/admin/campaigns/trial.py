"""A campaign's email sent to whoever looks at it: audited, and no member's."""

from flask import Response, g, make_response, render_template

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.campaigns import saving
from loyalty.shops.tables import StaffMember
from mailing.campaigns import KIND
from mailing.errors import BadTemplate, EmailError, EmailRefused
from mailing.trying import send_test
from shopify_app.admin.campaigns.terms import draft_of, lacks_of, language_of
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import tell
from shopify_app.platform.admin_auth import admin_page

_NOT_SENT = N_("Amazon did not take it. Please try again.")
_IN_DOUBT = N_("Amazon did not answer. It may still arrive.")


@blueprint.post("/app/campaigns/<campaign_id>/test-emails")
@admin_page
def try_campaign(campaign_id: str) -> Response:
    """Send it to the staff member's own address; answer with its button, and why if it was not."""
    wanted = parse_id(campaign_id)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        campaign = saving.get_campaign(session, g.shop_id, wanted)
        draft, lacks = draft_of(session, campaign), lacks_of(campaign)
        staff = session.get(StaffMember, (g.shop_id, int(g.actor.id)))
    to = staff.email if staff else None
    try:
        send_test(
            g.shop_id,
            KIND,
            language_of(shop),
            draft,
            to=to,
            actor=g.actor,
            now=utc_now(),
            lacks=lacks,
        )
    except (BadTemplate, EmailRefused) as refusal:
        return _refuse(wanted, say(refusal))
    except EmailError as error:
        return _refuse(wanted, _(_IN_DOUBT if error.is_in_doubt else _NOT_SENT))
    page = render_template("admin/campaigns/_test.html", campaign_id=wanted)
    return tell(make_response(page), _("Sent to %(address)s", address=to))


def _refuse(campaign_id: object, error: str) -> Response:
    page = render_template("admin/campaigns/_test.html", campaign_id=campaign_id, error=error)
    return make_response(page, 409)
