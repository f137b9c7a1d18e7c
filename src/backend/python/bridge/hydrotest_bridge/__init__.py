"""The Python side of the harness: hosts a user's code, calls it as boileroom does, and passes on what comes of it.

Nothing is imported of the user's before the harness asks for it, and nothing beyond the standard library at all.
"""
