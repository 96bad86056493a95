"""Deployments: models kept running under a public name, started, watched and started again.

Owns: `Fleet` and what it says of each deployment, and `RemoteFleet`, which is how other processes of this machine see
it. Must not: start processes (a driver does), read requests, know callers or prices, fetch files.
Tests: tests/unit/deployments.
"""

from jixi.models.deployments._fleet import Fleet
from jixi.models.deployments._remote import RemoteFleet
from jixi.models.deployments._replica import Replica, Work
from jixi.models.deployments._scaling import Course, Load, steer
from jixi.models.deployments._served import Served, Way
from jixi.models.deployments._spec import DeploymentSpec, Patience, Reason, Scale, State
from jixi.models.deployments._state import Standing, overall
from jixi.models.deployments._status import DeploymentStatus, ReplicaStatus, Update
from jixi.models.deployments._surroundings import Lack, Room, RoomFor, anywhere

__all__ = [
    "Course",
    "DeploymentSpec",
    "DeploymentStatus",
    "Fleet",
    "Lack",
    "Load",
    "Patience",
    "Reason",
    "RemoteFleet",
    "Replica",
    "ReplicaStatus",
    "Room",
    "RoomFor",
    "Scale",
    "Served",
    "Standing",
    "State",
    "Update",
    "Way",
    "Work",
    "anywhere",
    "overall",
    "steer",
]
