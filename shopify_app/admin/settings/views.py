"""The views of the settings beside the programme, for the blueprint."""

from shopify_app.admin.settings import audit, data_request, till, wallets

SETTINGS_VIEWS = (audit, data_request, till, wallets)
