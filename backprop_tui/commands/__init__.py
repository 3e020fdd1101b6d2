"""Commands that need more than a few lines. The command line imports them at once, so they import when they run."""
