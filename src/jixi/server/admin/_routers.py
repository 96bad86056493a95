"""All routers of the admin API."""

from typing import Final

from fastapi import APIRouter

from jixi.server.admin import (
    _about,
    _budgets,
    _deployments,
    _health,
    _invitations,
    _keys,
    _members,
    _metrics,
    _models,
    _overview,
    _prices,
    _session,
    _setup,
    _tenants,
    _usage,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    _health.router,
    _metrics.router,
    _setup.router,
    _session.router,
    _invitations.router,
    _tenants.router,
    _members.router,
    _keys.router,
    _models.router,
    _deployments.router,
    _usage.router,
    _overview.router,
    _prices.router,
    _budgets.router,
    _about.router,
)
