"""Init systems and their units: what runs, and what the next boot starts."""
