"""What every page uses: errors, caching, formatting, files to download, choices, navigation."""
