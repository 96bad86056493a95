"""Deployments: models kept running under a public name, started, watched and started again.

Owns: `Fleet` and what it says of each deployment. Must not: start processes (a driver does), read requests, know
callers or prices, fetch files. Tests: tests/unit/deployments.
"""

from jixi.models.deployments._fleet import Fleet
from jixi.models.deployments._replica import Replica
from jixi.models.deployments._spec import DeploymentSpec, DeploymentStatus, Patience, Reason, State

__all__ = ["DeploymentSpec", "DeploymentStatus", "Fleet", "Patience", "Reason", "Replica", "State"]
