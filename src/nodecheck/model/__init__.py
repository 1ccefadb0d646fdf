"""The words that everybody uses: pure, and below all other rooms."""
