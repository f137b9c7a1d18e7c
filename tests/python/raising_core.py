"""A core with one method that raises, and without the other one."""


class RaisingCore:
    def __init__(self, config=None):
        pass

    def _initialize(self):
        pass

    def fold(self, sequences, options=None):
        raise ValueError(f'Invalid amino acid(s) in sequence: {sorted(set(sequences))} "\u00e9"\n\x1b')
