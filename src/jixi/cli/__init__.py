"""The command line: nouns and verbs as in the API, tables for people, `--json` for programs.

Owns: words on a terminal, flags, exit codes (0 done, 1 refused or found wanting, 2 cannot be done as it stands).
Must not: hold rules of a room; heavy rooms are imported where they are used. Tests: tests/behaviour, test_cli files.
"""

from jixi.cli._app import command_line, main

__all__ = ["command_line", "main"]
