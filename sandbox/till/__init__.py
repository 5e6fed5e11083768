"""A stand-in for Shopify POS: runs the built extension in a browser, beside a cart and a scanner.

It shares no code with the extension and refuses what POS refuses.
"""
