"""Captures: everything that the checks read of one node, in one file, so that the same verdicts come out elsewhere.

A capture is an image of what was looked at (:mod:`~nodecheck.capturing.image`), no log of questions: what nobody asked
is known too, where the whole listing of its directory is.
"""
