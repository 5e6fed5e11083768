"""A stand-in for Shopify: one process that behaves, over real HTTP, as Shopify does to an app.

It imports nothing of the app: a stand-in that shared our parsers would prove nothing.
"""
