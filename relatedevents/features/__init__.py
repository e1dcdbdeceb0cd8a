"""What is learned of an archive's events: one vocabulary or space a file, and the index of all."""
