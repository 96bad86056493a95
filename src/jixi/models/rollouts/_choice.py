"""What is left open is chosen, and what does not fit is refused, before anything starts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from jixi.core.errors import JixiError, problem
from jixi.core.registry import Registry
from jixi.models.catalog import Entry, Licence, Variant
from jixi.models.engines import Engine, Launch, asks_of
from jixi.models.registry import Shelf
from jixi.models.rollouts._adapters import Adapter, adapters_of
from jixi.models.rollouts._values import Draft, Plan

USUAL_CONTEXT: Final = 4096
_NONE: Final[Mapping[str, Adapter]] = MappingProxyType({})

Check = Callable[[Engine], object]
"""Raises `engine_not_installed` where an engine cannot run on this machine."""


class Choice(NamedTuple):
    """A plan, and the model that it is of: None where the engine brings its own. `adapters` by their public names."""

    plan: Plan
    entry: Entry | None = None
    variant: Variant | None = None
    adapters: Mapping[str, Adapter] = _NONE


class Chooser:
    """Knows the engines of this machine. `installed` may be one that never refuses, to plan for another machine."""

    def __init__(self, engines: Registry[Engine], installed: Check) -> None:
        self._engines = engines
        self._installed = installed

    def choose(
        self, draft: Draft | Plan, shelf: Shelf, *, installed: bool = True, licensed: bool = True
    ) -> Choice:
        """The draft with everything chosen.

        Raises `not_found`, `model_not_deployable`, `variant_unknown`, `engine_unfit`, `unknown_extension`,
        `adapter_unfit`, `context_too_large`, `invalid_value` for options, and, unless these may wait,
        `license_not_accepted` and `engine_not_installed`.
        """
        if draft.model is None:
            if draft.adapters:
                reason = "adapters: they are for a model of the store"
                raise problem("invalid_value", param="adapters", reason=reason)
            return Choice(self._checked(draft, draft.engine or "", None, installed))
        entry = shelf.get(draft.model)
        if not entry.variants:
            raise problem("model_not_deployable", model=entry.id, param="model")
        variant, engine = self._way(entry, draft)
        adapters = adapters_of(draft.adapters, entry, variant, shelf)
        if licensed:
            for each in (Adapter(entry, variant), *adapters.values()):
                _check_license(draft, *each, shelf)
        plan = self._checked(draft, engine, (entry, variant), installed, adapters)
        return Choice(plan, entry, variant, adapters)

    def check_options(self, plan: Plan) -> None:
        """Raises `invalid_value` for options that are the operator's of the machine alone to set."""
        if local := sorted(self._engine(plan.engine).profile.local & plan.options.keys()):
            reason = f"options: {', '.join(local)} can be set in jixi.toml alone"
            raise problem("invalid_value", param="options", reason=reason)

    def _checked(
        self,
        draft: Draft | Plan,
        engine: str,
        model: tuple[Entry, Variant] | None,
        installed: bool,
        adapters: Mapping[str, Adapter] = _NONE,
    ) -> Plan:
        entry, variant = model or (None, None)
        made = self._engine(engine)
        if installed:
            self._installed(made)
        if draft.scale.least > draft.scale.most:
            raise problem("invalid_value", param="scale", reason="scale: 'least' is more than 'most'")
        chosen: dict[str, Any] = {
            "model": entry and entry.id,
            "variant": variant and variant.id,
            "engine": engine,
            "context": _context(draft, entry.id if entry else engine, entry and entry.context),
        }
        plan = Plan(**{name: getattr(draft, name) for name in Plan.__struct_fields__} | chosen)
        asked = _launch(plan, variant, adapters)
        made.command(asked)
        asks_of(made, asked)
        return plan

    def _engine(self, name: str) -> Engine:
        if name not in set(self._engines):
            known = ", ".join(sorted(self._engines))
            raise problem("invalid_value", param="engine", reason=f"engine: it is one of {known}")
        return self._engines.get(name)

    def _way(self, entry: Entry, draft: Draft | Plan) -> tuple[Variant, str]:
        """The variant and its engine: what was named, else the first that runs here, else the first."""
        variants = _named(entry, draft.variant)
        ways = [(variant, engine) for variant in variants for engine in variant.engines]
        if draft.engine is not None:
            self._engine(draft.engine)
            ways = [way for way in ways if way[1] == draft.engine]
            if not ways:
                raise _unfit(entry, variants, draft.engine)
        return next((way for way in ways if self._runs(way[1])), ways[0])

    def _runs(self, engine: str) -> bool:
        try:
            self._installed(self._engines.get(engine))
        except JixiError:
            return False
        return True


def restricting(choice: Choice, shelf: Shelf) -> Licence | None:
    """The licence for research alone that its model or one of its adapters comes under."""
    parts = list(choice.adapters.values())
    if choice.entry is not None and choice.variant is not None:
        parts.insert(0, Adapter(choice.entry, choice.variant))
    found = (shelf.restricting(entry, variant.id) for entry, variant in parts)
    return next((licence for licence in found if licence is not None), None)


def _check_license(draft: Draft | Plan, entry: Entry, variant: Variant, shelf: Shelf) -> None:
    """Raises `license_not_accepted` for what is for research alone, unless its licence was named."""
    licence = shelf.restricting(entry, variant.id)
    if licence is not None and draft.accept_license != licence.id:
        raise problem("license_not_accepted", license=licence.id, model=entry.id, param="accept_license")


def _named(entry: Entry, name: str | None) -> Sequence[Variant]:
    found = [variant for variant in entry.variants if name in (None, variant.id)]
    if not found:
        known = ", ".join(variant.id for variant in entry.variants)
        raise problem("variant_unknown", model=entry.id, variant=name, variants=known, param="variant")
    return found


def _unfit(entry: Entry, variants: Sequence[Variant], engine: str) -> JixiError:
    able = dict.fromkeys(name for variant in variants for name in variant.engines)
    formats = ", ".join(dict.fromkeys(variant.format for variant in variants))
    return problem(
        "engine_unfit", engine=engine, format=formats, model=entry.id, engines=", ".join(able), param="engine"
    )


def _context(draft: Draft | Plan, model: str, most: int | None) -> int:
    if draft.context is None:
        return min(USUAL_CONTEXT, most or USUAL_CONTEXT)
    if most is not None and draft.context > most:
        raise problem("context_too_large", context=draft.context, model=model, most=most, param="context")
    return draft.context


def _launch(plan: Plan, variant: Variant | None, adapters: Mapping[str, Adapter]) -> Launch:
    """A launch whose files are names alone, for the engine to say whether it would take it."""
    files = {} if variant is None else {file.role: Path(file.name) for file in variant.files}
    if variant is not None and not variant.packaged:
        files = {"model": Path("model"), "folder": Path()} | files
    return Launch(
        model=plan.model or plan.engine,
        socket=Path("check.sock"),
        port=1,
        files=files,
        context=plan.context,
        parallel=plan.parallel,
        threads=plan.threads,
        options=plan.options,
        adapters={
            name: Path("adapter.gguf" if each.is_gguf else "adapter") for name, each in adapters.items()
        },
    )
