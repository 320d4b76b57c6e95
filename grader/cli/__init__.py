"""The command `grade`: one file per command."""
