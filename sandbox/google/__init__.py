"""A stand-in for Google Wallet: its REST API, tokens, save page, callbacks, and a phone.

It knows none of the app's code; what it refuses follows Google's own discovery document.
"""
