"""What the till uses: its API here, the interface in ui/."""
