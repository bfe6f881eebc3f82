"""Pictures made of numbers alone, or in the manner of a craft after a photograph.

Each painter is a function paint(rng, size, palette, photo=None) that returns an RGB picture of `size` (width, height).
"""
