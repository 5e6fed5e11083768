"""What each webhook does: it writes to the database and to nothing else. The drain commits."""
