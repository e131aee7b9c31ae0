"""Published results, one file each: what was claimed, and how it is run again."""
