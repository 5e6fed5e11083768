"""Members who bring friends: their links, who came by them, and what both sides are paid."""
