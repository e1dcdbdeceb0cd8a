"""Writers: lists and runs into one file format each."""
