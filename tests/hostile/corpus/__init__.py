"""Bad and awkward secrets, with the verdict that each must get.

A table of rows: a name in words, the value of a secret, and what has to become of it. The verdicts
come from design.md, the RFCs and AWS's documents, never from what the code says.
"""
