import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { membersQuery } from "@/api/queries";
import { useAdvancedWords } from "@/features/deployments/advanced-words";
import styles from "@/features/deployments/deployments.module.css";
import { differences, type Difference, type PlanField } from "@/features/deployments/plans";
import { useDeploymentChanges, type Detail } from "@/features/deployments/queries";
import { useDeploymentWords } from "@/features/deployments/words";
import { ConfirmDanger } from "@/shared/confirm";
import * as format from "@/shared/format";
import { Card, Section } from "@/shared/page";
import { useMay } from "@/shared/permissions";
import { Tag } from "@/shared/status";
import { Ago, useLanguage } from "@/shared/values";

/** Every revision with what it changed, the way back to it, and who did what. */
export function History({ deployment }: { deployment: Detail }) {
  const words = useDeploymentWords();
  const nameOf = useNames();
  if (deployment.revisions.length === 0) return <p className="muted">{words.noRevisions}</p>;
  return (
    <>
      <Section title={words.revisions}>
        <Card padded={false}>
          <ol className={styles.history} aria-label={words.revisions}>
            {deployment.revisions.map((revision, i) => {
              const before = deployment.revisions[i + 1];
              return (
                <li key={revision.number}>
                  <div className={styles.entry}>
                    <strong>
                      {words.byRevision(revision.number)} {revision.number === deployment.revision ? <Tag tone="good">{words.current}</Tag> : null}
                    </strong>
                    <span className="muted small">
                      {nameOf(revision.member_id)} · <Ago at={revision.created_at} />
                    </span>
                    <Differences of={before ? differences(before.plan, revision.plan) : null} />
                  </div>
                  {revision.number === deployment.revision ? null : <RollBack deployment={deployment} revision={revision.number} />}
                </li>
              );
            })}
          </ol>
        </Card>
      </Section>
      <Section title={words.changes}>
        <ol className={styles.changes} aria-label={words.changes}>
          {deployment.changes.map((change) => (
            <li key={change.id}>
              <span>
                {words.actions[change.action]} <span className="muted">{words.byRevision(change.revision)}</span>
                {change.tried !== null && change.reason ? (
                  <p className="small">
                    {words.update.failed(change.tried)}: {change.reason.message}
                  </p>
                ) : null}
              </span>
              <span className="muted small">
                {change.member_id === null ? null : <>{nameOf(change.member_id)} · </>}
                <Ago at={change.at} />
              </span>
            </li>
          ))}
        </ol>
      </Section>
    </>
  );
}

/** Names where one may see the members, else their ids. */
function useNames(): (id: string) => string {
  const may = useMay("members.read");
  const members = new Map(useQuery({ ...membersQuery, enabled: may }).data?.map(({ id, name, email }) => [id, name || email]));
  return (id) => members.get(id) ?? id;
}

function Differences({ of: found }: { of: Difference[] | null }) {
  const words = useDeploymentWords();
  const more = useAdvancedWords();
  const text = useValueText();
  const names: Record<PlanField, string> = {
    model_id: words.model,
    variant: words.variant,
    engine: words.engine,
    context: words.context,
    parallel: words.parallel,
    threads: words.threads,
    memory_bytes: more.memoryBytes,
    cpus: more.cpus,
    gpus: more.gpus,
    adapters: more.adapters,
    least: words.least,
    most: words.most,
    idle_s: words.idle,
    queue: words.queue,
    tokens_per_second: words.tokensPerSecond,
    up_s: words.up,
    down_s: words.down,
    options: words.options,
    accept_license: words.licence,
  };
  if (found === null) return <span className="small">{words.first}</span>;
  if (found.length === 0) return <span className="muted small">{words.same}</span>;
  return (
    <ul className={styles.differences}>
      {found.map(({ field, before, now }) => (
        <li key={field}>
          <span className="muted">{names[field]}</span> {text(field, before)} → <strong>{text(field, now)}</strong>
        </li>
      ))}
    </ul>
  );
}

/** Empty, these are not chosen by the server: there are none. */
const unset: ReadonlySet<PlanField> = new Set(["tokens_per_second", "options", "accept_license", "adapters"]);

function useValueText(): (field: PlanField, value: string | number | null) => string {
  const words = useDeploymentWords();
  const language = useLanguage();
  return (field, value) => {
    if (typeof value === "string") return value;
    if (value === null) return field === "idle_s" ? words.never : unset.has(field) ? "–" : words.auto;
    if (field.endsWith("_s")) return format.duration(value * 1000, language);
    return Number.isInteger(value) ? format.integer(value, language) : format.rate(value, language);
  };
}

function RollBack({ deployment, revision }: { deployment: Detail; revision: number }) {
  const words = useDeploymentWords();
  const manages = useMay("deployments.manage");
  const { rollBack } = useDeploymentChanges();
  const [open, setOpen] = useState(false);
  if (!manages) return null;
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {words.rollBack}
      </Button>
      <ConfirmDanger
        open={open}
        title={words.rollBackTitle(revision)}
        losses={[words.rollBackLoss, words.rollBackLossNew(revision)]}
        verb={words.rollBack}
        act={() => rollBack(deployment, revision)}
        onClose={() => setOpen(false)}
      />
    </>
  );
}
