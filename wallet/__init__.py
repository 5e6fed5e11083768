"""The customer's card: its content, Apple's pass and push, and the public card page."""
