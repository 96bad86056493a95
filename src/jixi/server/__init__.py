"""HTTP: the model API in its dialects, the admin API, the built console.

Owns: routes, authentication of a request, translation of problems, headers, running the server. Must not: hold rules
of a room, touch SQL outside `_records.py`, read the environment.
Import its rooms by name: the server whole is `app`, and the command line takes `plans` without it.
Tests: tests/behaviour.
"""
