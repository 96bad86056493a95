import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { Download } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useJobChanges } from "@/api/jobs";
import styles from "@/features/deployments/deployments.module.css";
import { useEngineWords } from "@/features/deployments/engine-words";
import { EngineStatus, runsBeside, type Engine } from "@/features/deployments/engine-state";
import { useAct } from "@/shared/act";
import { ConfirmDanger } from "@/shared/confirm";
import * as format from "@/shared/format";
import { LiveJobCard } from "@/shared/job-card";
import { useKindWords } from "@/shared/kind-words";
import { DangerZone, Facts, Panel } from "@/shared/panel";
import { useMay } from "@/shared/permissions";
import { Notice } from "@/shared/states";
import { Tag, Tags } from "@/shared/status";
import { useLanguage } from "@/shared/values";

interface EngineProps {
  engine: Engine;
  free: number;
}

/** Its state and what goes on, what it can do, what it takes, and last how to be rid of its environment. */
export function EnginePanel({ engine, free, onClose }: EngineProps & { onClose: () => void }) {
  const manages = useMay("engines.manage");
  const { state, job } = engine;
  // An installation that ended well is told by the state, and by it alone once the environment is removed.
  const told = job && job.state !== "succeeded" && (state === "absent" || state === "installing") ? job : null;
  return (
    <Panel open title={engine.name} onClose={onClose}>
      <div className={styles.state}>
        <EngineStatus engine={engine} />
      </div>
      {told ? <LiveJobCard key={told.id} job={told} mayChange={manages} /> : null}
      {state === "absent" && engine.requirements.length && !told ? <Install engine={engine} mayInstall={manages} /> : null}
      <What engine={engine} free={free} />
      {manages && state !== "installing" && engine.size_bytes + engine.kept_bytes > 0 ? <Remove engine={engine} /> : null}
    </Panel>
  );
}

function Install({ engine: { name }, mayInstall }: { engine: Engine; mayInstall: boolean }) {
  const words = useEngineWords();
  const { install } = useJobChanges();
  const { act, working, failure } = useAct();
  return (
    <>
      <Notice level="info">
        <p>{words.installTitle}</p>
        <p>{words.installText}</p>
      </Notice>
      {failure}
      {mayInstall ? (
        <div className={styles.actions}>
          <Button type="primary" icon={<Download size={14} aria-hidden="true" />} loading={working} onClick={() => void act(() => install(name))}>
            {words.install}
          </Button>
        </div>
      ) : null}
    </>
  );
}

function What({ engine, free }: EngineProps) {
  const words = useEngineWords();
  const kinds = useKindWords();
  const language = useLanguage();
  const bytes = (value: number) => format.bytes(value, language);
  return (
    <Facts
      rows={[
        [words.kinds, <Tags key="k">{engine.kinds.map((kind) => <Tag key={kind}>{kinds[kind]}</Tag>)}</Tags>],
        [words.tools, words.toolKinds[engine.tools]],
        [words.vision, engine.vision ? words.yes : words.no],
        [words.adapters, engine.adapters ? words.adapterForms[engine.adapters] : words.no],
        [words.where, runsBeside(engine) ? words.beside : words.own],
        engine.version !== null && [words.version, engine.version],
        engine.requirements.length > 0 && [words.packages, <Codes key="p" names={engine.requirements} />],
        engine.state === "absent" && engine.requirements.length === 0 && [words.missing, <Codes key="m" names={engine.missing} />],
        engine.size_bytes > 0 && [words.size, bytes(engine.size_bytes)],
        engine.kept_bytes > 0 && [words.kept, words.keptText(bytes(engine.kept_bytes))],
        !runsBeside(engine) && [words.free, bytes(free)],
        engine.deployed_as.length > 0 && [words.deployments, <Deployed key="d" names={engine.deployed_as} />],
      ]}
    />
  );
}

function Codes({ names }: { names: readonly string[] }) {
  return (
    <Tags>
      {names.map((name) => (
        <Tag key={name}>
          <code>{name}</code>
        </Tag>
      ))}
    </Tags>
  );
}

function Deployed({ names }: { names: readonly string[] }) {
  return (
    <span className={styles.name}>
      {names.map((name) => (
        <Link key={name} to="/deployments" search={{ id: name }} className={styles.link}>
          {name}
        </Link>
      ))}
    </span>
  );
}

function Remove({ engine: { name, size_bytes: size, kept_bytes: kept, deployed_as: deployed } }: { engine: Engine }) {
  const words = useEngineWords();
  const language = useLanguage();
  const queryClient = useQueryClient();
  const [open, setOpen] = useState(false);
  return (
    <>
      <DangerZone
        title={words.removeTitle}
        text={words.removeText}
        action={
          <Button danger onClick={() => setOpen(true)}>
            {words.remove}
          </Button>
        }
      />
      <ConfirmDanger
        open={open}
        title={words.removeTitle}
        losses={[words.lossSize(format.bytes(size + kept, language)), ...(size && deployed.length ? [words.lossDeployments(deployed.join(", "))] : [])]}
        verb={words.remove}
        act={async () => {
          await ask(api.DELETE("/api/engines/{name}/environment", { params: { path: { name } } }));
          await Promise.all([["engines"], ["deployments"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
        }}
        onClose={() => setOpen(false)}
      />
    </>
  );
}
