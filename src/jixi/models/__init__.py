"""The second storey: models as services.

Owns: engines, deployments and the gateway in front of them. Must not: import governance (it is handed Gate and
Meter) or speak to the outside world but through its engines and sources.
Import its rooms by name (`from jixi.models.gateway import Gateway`). Tests: tests/unit, tests/contract.
"""
