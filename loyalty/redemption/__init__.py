"""Points that become a reward, and what becomes of it: reserved, issued, used, returned."""
