"""The page on which batch normalization is taken apart. Each part opens with the sentence that answers its question; then comes
what it is read from.
"""
