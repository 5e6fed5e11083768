"""What a shop tells its members on their cards: a text at a time, for as long as it is good."""
