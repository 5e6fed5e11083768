"""Two members made one, and two again: preview, merge, undo."""
