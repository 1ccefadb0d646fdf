"""What users of other tools complained about: each situation planted in a node, and our verdict on it.

The numbers are those of the project's list of 53 complaints; ``tests/complaints/test_all.py`` counts them.
"""
