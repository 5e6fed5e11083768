"""The card: its content for a member, Apple's pass and web service, the customers' pages."""
