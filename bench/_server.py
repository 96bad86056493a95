"""The side of Jixi: a whole server with an administrator, a key and limits. Prints one line of JSON when it answers.

Usage: python bench/_server.py DATA_DIR DEPLOYMENTS SETTINGS, where DEPLOYMENTS is JSON as in `[[deployments]]` and
SETTINGS is a JSON object of other settings.
"""

import asyncio
import json
import secrets
import sys
from pathlib import Path

import uvloop

from jixi.assembly.house import House
from jixi.assembly.settings import Settings
from jixi.core.principal import INFERENCE_SCOPES, Principal, Role
from jixi.governance.ledger import LimitValues
from jixi.models.gateway import Target
from jixi.server.app import Running, serve
from jixi.telemetry import configure_logs

PLENTY = LimitValues(
    requests_per_minute=10**9,
    tokens_per_minute=10**12,
    concurrency=10**6,
    daily_micros=10**15,
    monthly_micros=10**15,
)
ALIAS = "bench-alias"


async def furnish(running: Running, names: list[str]) -> None:
    """Make what a caller needs; limits of every kind for tenant, member and key, so that every hold is conditional."""
    house = running.house
    token = (house.setup_link or "").partition("token=")[2]
    member, tenant = await house.identity.members.set_up(
        token,
        organisation="Bench",
        currency=house.settings.currency,
        name="Bench",
        email="bench@example.com",
        password=secrets.token_urlsafe(),
        locale="en",
    )
    principal = Principal(tenant_id=tenant.id, member_id=member.id, role=Role.PLATFORM_ADMIN)
    key, secret = await house.identity.keys.create(principal, "bench", INFERENCE_SCOPES)
    for scope in (tenant.id, member.id, key.id):
        await house.limits.put(tenant.id, scope, PLENTY)
    await house.aliases.add(name=ALIAS, targets=(Target(model=names[0]),))
    await until_ready(house, names)
    print(json.dumps({"url": running.url, "key": secret}), flush=True)


async def until_ready(house: House, names: list[str]) -> None:
    async with asyncio.timeout(120):
        while {status.name for status in house.fleet.models() if status.state == "ready"} < set(names):
            await asyncio.sleep(0.05)


async def main() -> None:
    configure_logs(json=False, level="warning")
    deployments, more = json.loads(sys.argv[2]), json.loads(sys.argv[3])
    settings = Settings(
        data_dir=Path(sys.argv[1]),
        port=0,
        starter="none",
        offline=True,
        console=False,
        log_level="warning",
        deployments=deployments,
        **more,
    )
    names = [deployment["name"] for deployment in deployments]
    tasks: list[asyncio.Task[None]] = []
    await serve(settings, lambda running: tasks.append(asyncio.create_task(furnish(running, names))))


if __name__ == "__main__":
    uvloop.run(main())
