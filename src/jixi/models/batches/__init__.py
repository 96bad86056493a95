"""Batches: files of requests, run in the background for less money, each line answered and charged once.

Owns: the tables of files, batches and lines, the reading of inputs, how lines are run and files written. Must not:
know HTTP, keep money or rights itself, reach a model but through the gateway, run a job but as a handler of `jobs`.
Tests: tests/behaviour, tests/faults.
"""

from jixi.models.batches._conductor import Tools
from jixi.models.batches._handler import KIND, BatchHandler
from jixi.models.batches._pace import Pace, places_in
from jixi.models.batches._ports import Callers, Places, PlacesOf
from jixi.models.batches._records import Page
from jixi.models.batches._records_batches import BatchRecords
from jixi.models.batches._service import Batches, Files
from jixi.models.batches._values import ENDPOINTS, WINDOW, Batch, Caps, Fault, File, Purpose

__all__ = [
    "ENDPOINTS",
    "KIND",
    "WINDOW",
    "Batch",
    "BatchHandler",
    "BatchRecords",
    "Batches",
    "Callers",
    "Caps",
    "Fault",
    "File",
    "Files",
    "Pace",
    "Page",
    "Places",
    "PlacesOf",
    "Purpose",
    "Tools",
    "places_in",
]
