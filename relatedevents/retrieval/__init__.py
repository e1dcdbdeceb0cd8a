"""How a question becomes a list: options, candidates, reranking, selection, table."""
