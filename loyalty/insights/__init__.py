"""What a shop's orders say of its members: who comes back, what they will spend, how they are."""
