"""How well texts are read: generated tickets with known truth, 300 written by hand, and the speed beside a bare segmenter."""
