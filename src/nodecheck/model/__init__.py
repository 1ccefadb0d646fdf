"""The words that everybody uses: evidence, outcomes, the steps of a fix, needs, sources."""
