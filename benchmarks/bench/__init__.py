"""What `make bench` is made of: data, peers, processes, rounds, tables and plots."""
