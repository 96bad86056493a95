"""Settings and wiring: the only place that reads the environment and joins the rooms.

Owns: settings and the data folder (settings), the store of model files as they say it is (store), the services put
together, opened and closed (house). Must not: hold rules of a room, know HTTP or a command line.
Import its rooms by name (`from jixi.assembly.settings import Settings`): settings alone are read in no time, and the
house brings everything. Tests: tests/unit/assembly.
"""
