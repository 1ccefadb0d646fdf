"""Each source that a fact declares changes the fact, and each fact that a check needs changes its verdict."""
