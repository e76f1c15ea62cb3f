"""The page on which claims are put on trial: a card for each, and a study of one's own."""
