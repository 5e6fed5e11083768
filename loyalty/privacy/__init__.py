"""What is held of a person, table by table: how it is exported, erased and, later, merged."""
