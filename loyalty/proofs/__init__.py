"""Proofs that it is the member who asks: codes sent to their address."""
