"""When points expire, and what members are told of it."""
