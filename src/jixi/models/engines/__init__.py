"""Engines: what runs a model, each a process of its own that speaks OpenAI-style HTTP on a socket.

Owns: `Engine` and the built-in engines, and `EngineClient` which talks to them. Must not: start processes (a driver
does), know callers, money or routes. Add an engine: one file, one entry point in the group `jixi.engine`.
Tests: tests/contract (every engine, with its real model), tests/unit/gateway (the client).
"""

from jixi.models.engines._beside import beside, missing
from jixi.models.engines._client import Address, EngineClient, free_port
from jixi.models.engines._connection import EngineConnectionError, EngineResponse
from jixi.models.engines._diffusers import DiffusersEngine
from jixi.models.engines._embedding import EmbeddingEngine
from jixi.models.engines._footprint import Footprint, Load, Sharing, Sized, footprint_of
from jixi.models.engines._forms import Upload, most_seconds, read_form, rewrite_form, write_form
from jixi.models.engines._kokoro import KokoroEngine
from jixi.models.engines._llamacpp import LlamaCppEngine
from jixi.models.engines._pace import Pace
from jixi.models.engines._protocol import (
    CANARY,
    AdapterForm,
    Engine,
    Launch,
    Profile,
    asks_of,
    profile_of,
)
from jixi.models.engines._registry import engine_registry
from jixi.models.engines._sglang import SglangEngine
from jixi.models.engines._stub import StubEngine
from jixi.models.engines._transformers import TransformersEngine
from jixi.models.engines._vllm import VllmEngine
from jixi.models.engines._whisper import WhisperEngine

__all__ = [
    "CANARY",
    "AdapterForm",
    "Address",
    "DiffusersEngine",
    "EmbeddingEngine",
    "Engine",
    "EngineClient",
    "EngineConnectionError",
    "EngineResponse",
    "Footprint",
    "KokoroEngine",
    "Launch",
    "LlamaCppEngine",
    "Load",
    "Pace",
    "Profile",
    "SglangEngine",
    "Sharing",
    "Sized",
    "StubEngine",
    "TransformersEngine",
    "Upload",
    "VllmEngine",
    "WhisperEngine",
    "asks_of",
    "beside",
    "engine_registry",
    "footprint_of",
    "free_port",
    "missing",
    "most_seconds",
    "profile_of",
    "read_form",
    "rewrite_form",
    "write_form",
]
