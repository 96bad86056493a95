"""Engines: what runs a model, each a process of its own that speaks OpenAI-style HTTP on a Unix socket.

Owns: `Engine` and the built-in engines, and `EngineClient` which talks to them. Must not: start processes (a driver
does), know callers, money or routes. Add an engine: one file, one entry point in the group `jixi.engine`.
Tests: tests/contract (every engine, with its real model), tests/unit/gateway (the client).
"""

from jixi.models.engines._client import EngineClient, EngineConnectionError, EngineResponse
from jixi.models.engines._embedding import EmbeddingEngine
from jixi.models.engines._llamacpp import LlamaCppEngine
from jixi.models.engines._protocol import CANARY, Engine, Launch, Profile
from jixi.models.engines._registry import engine_registry
from jixi.models.engines._stub import StubEngine

__all__ = [
    "CANARY",
    "EmbeddingEngine",
    "Engine",
    "EngineClient",
    "EngineConnectionError",
    "EngineResponse",
    "Launch",
    "LlamaCppEngine",
    "Profile",
    "StubEngine",
    "engine_registry",
]
