"""The fitted archive: what is known of every event, and the order that decides equal scores."""
