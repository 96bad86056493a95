"""What the admin API tells of deployments: the register, what the fleet makes of it, and what is on the way."""

from typing import Any, Final

from jixi.assembly.house import House
from jixi.core.errors import Language, problem
from jixi.core.principal import Principal
from jixi.governance.identity import allowed
from jixi.jobs import Job
from jixi.models.deployments import DeploymentStatus, ReplicaStatus, Scale
from jixi.models.deployments import Reason as Cause
from jixi.models.rollouts import Plan, Rollout
from jixi.server.admin._deployment_words import words_of
from jixi.server.admin._sight import Sight, sight_of
from jixi.wire.admin import (
    Deployment,
    DeploymentChange,
    DeploymentDetail,
    DeploymentJob,
    DeploymentPlan,
    DeploymentReplica,
    DeploymentRevision,
    DeploymentScale,
    DeploymentUpdate,
    Reason,
)

_ON_THE_WAY: Final = frozenset({"downloading", "engine_installing"})


async def deployments(house: House, caller: Principal, language: Language) -> list[Deployment]:
    """Every deployment, in the order in which they came, as the caller sees it."""
    sight = await sight_of(house, caller)
    return [Deployment(**_summary(house, status, sight, language)) for status in house.fleet.models()]


def status_of(house: House, name: str) -> DeploymentStatus:
    """The deployment with that id or name; raises `not_found`."""
    record = house.rollouts.find(name)
    wanted = name if record is None else record.name
    found = [status for status in house.fleet.models() if status.name == wanted]
    if not found:
        raise problem("not_found", noun="deployment")
    return found[0]


async def deployment(
    house: House, status: DeploymentStatus, caller: Principal, language: Language
) -> Deployment:
    return Deployment(**_summary(house, status, await sight_of(house, caller), language))


async def detail(
    house: House, status: DeploymentStatus, caller: Principal, language: Language
) -> DeploymentDetail:
    sight = await sight_of(house, caller)
    # At one moment, for the record may change while the lists are read.
    record, summary = _record(house, status.name), _summary(house, status, sight, language)
    revisions = [] if record is None else await house.rollouts.revisions(record.id)
    changes = [] if record is None else await house.rollouts.changes(record.id)
    plan = _plan_of_settings(house, status) if record is None else record.plan
    return DeploymentDetail(
        **summary,
        plan=_plan(plan, caller, sight),
        revisions=[
            DeploymentRevision(
                number=each.number,
                plan=_plan(each.plan, caller, sight),
                member_id=each.member_id,
                created_at=each.created_at,
            )
            for each in revisions
        ],
        changes=[
            DeploymentChange(
                id=each.id,
                action=each.action,
                revision=each.revision,
                member_id=each.member_id,
                at=each.at,
                tried=each.tried,
                reason=_reason(each.reason, sight, language),
            )
            for each in changes
        ],
    )


def _reason(cause: Cause | None, sight: Sight, language: Language) -> Reason | None:
    if cause is None:
        return None
    message, remedy = words_of(cause, language)
    return Reason(code=cause.code, message=sight.text(message), remedy=remedy and sight.text(remedy))


def _record(house: House, name: str) -> Rollout | None:
    """The one of the register; a deployment of the settings goes before one of the same name."""
    return None if house.supply.of_settings(name) else house.rollouts.find(name)


def _summary(house: House, status: DeploymentStatus, sight: Sight, language: Language) -> dict[str, Any]:
    record, bringing = _record(house, status.name), house.supply.bringing(status.name)
    wish = bringing.wish if bringing is not None else None
    description = status.description if wish is None else wish.spec.description
    if record is not None and record.plan.model is not None and not sight.sees(record.plan.model):
        # Where nobody has said one it is the name of the model.
        description = record.description
    return {
        "id": status.name if record is None else record.id,
        "name": status.name,
        "origin": "settings" if house.supply.of_settings(status.name) else "api",
        "engine": status.engine,
        "model_id": sight.name(status.model_id),
        "variant": sight.name(wish and wish.variant),
        "kinds": sorted(status.kinds),
        "description": description,
        "wanted": "running" if wish is not None and wish.running else "stopped",
        "state": status.state,
        "reason": _reason(status.reason, sight, language),
        "since": status.since,
        "context": status.context,
        "parallel": status.parallel,
        "threads": wish and wish.spec.threads,
        "in_flight": status.in_flight,
        "queued": status.queued,
        "tokens_per_second": round(status.tokens_per_second, 1),
        "restarts": status.restarts,
        "memory_bytes": status.resident_bytes or None,
        "weak": status.name in house.supply.weak,
        "replicas": [_replica(each, sight, language) for each in status.replicas],
        "replicas_wanted": status.wanted,
        "revision": status.revision if record is None else record.revision,
        "update": _update(house, status, sight, language),
        "job": _job(sight.job(bringing.job if bringing is not None else None)),
        "created_at": record and record.created_at,
        "version": record and record.version,
    }


def _replica(now: ReplicaStatus, sight: Sight, language: Language) -> DeploymentReplica:
    return DeploymentReplica(
        number=now.number,
        state=now.state,
        reason=_reason(now.reason, sight, language),
        revision=now.revision,
        since=now.since,
        restarts=now.restarts,
        leaving=now.leaving,
        in_flight=now.in_flight,
        tokens_per_second=round(now.tokens_per_second, 1),
        memory_bytes=now.resident_bytes or None,
    )


def _update(
    house: House, status: DeploymentStatus, sight: Sight, language: Language
) -> DeploymentUpdate | None:
    """The fleet's, or the one that has not come so far: its files are on the way, or will not come."""
    bringing = house.supply.bringing(status.name)
    if bringing is not None and bringing.placed and bringing.trouble is not None:
        return DeploymentUpdate(
            revision=bringing.spec.revision,
            state="pulling" if bringing.trouble.code in _ON_THE_WAY else "failed",
            replaced=0,
            replicas=len(status.replicas),
            since=status.since,
            reason=_reason(bringing.trouble, sight, language),
        )
    if status.update is None:
        return None
    return DeploymentUpdate(
        revision=status.update.revision,
        state=status.update.state,
        replaced=status.update.replaced,
        replicas=status.update.replicas,
        since=status.update.since,
        reason=_reason(status.update.reason, sight, language),
    )


def _job(job: Job | None) -> DeploymentJob | None:
    if job is None:
        return None
    facts = job.facts
    return DeploymentJob(
        id=job.id, done=job.done, total=job.total, speed=facts.get("speed"), left_s=facts.get("left_s")
    )


def _plan(plan: Plan, caller: Principal, sight: Sight) -> DeploymentPlan:
    return DeploymentPlan(
        model_id=sight.name(plan.model),
        variant=sight.name(plan.variant),
        engine=plan.engine,
        context=plan.context,
        parallel=plan.parallel,
        threads=plan.threads,
        scale=DeploymentScale.model_validate(plan.scale),
        memory_bytes=plan.memory_bytes,
        cpus=plan.cpus,
        gpus=plan.gpus,
        adapters={name: sight.name(version) or None for name, version in plan.adapters.items()},
        options=plan.options if allowed(caller.role, "deployments.manage") else None,
        accept_license=plan.accept_license,
    )


def _plan_of_settings(house: House, status: DeploymentStatus) -> Plan:
    bringing = house.supply.bringing(status.name)
    wish = None if bringing is None else bringing.wish
    return Plan(
        model=status.model_id,
        variant=wish and wish.variant,
        engine=status.engine,
        context=status.context,
        parallel=status.parallel,
        threads=wish and wish.spec.threads,
        options={} if wish is None else dict(wish.spec.options),
        scale=Scale() if wish is None else wish.spec.scale,
        memory_bytes=wish and wish.spec.memory_bytes,
        cpus=wish and wish.spec.cpus,
        gpus=wish and wish.spec.gpus,
        # Where they lie is the machine's own matter.
        adapters={} if wish is None else dict.fromkeys(wish.spec.adapters, ""),
    )
