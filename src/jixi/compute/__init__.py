"""The first storey: machines and what runs on them.

Owns: starting, watching and ending processes (drivers), what machines have (inventory), what
runs where (placement), what chips there are (chips) and what they would do for a model (planner).
Must not: know models, tenants or HTTP.
Import its rooms by name (`from jixi.compute.drivers import ProcessDriver`).
Tests: tests/unit/compute, tests/unit/planner.
"""
