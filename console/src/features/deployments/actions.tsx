import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { MessagesSquare, Pencil, Play, RotateCw, Square } from "lucide-react";
import { useState } from "react";
import { aliasesQuery } from "@/api/queries";
import styles from "@/features/deployments/deployments.module.css";
import { useDeploymentChanges, type Detail } from "@/features/deployments/queries";
import { useDeploymentWords } from "@/features/deployments/words";
import { useAct } from "@/shared/act";
import { ConfirmDanger } from "@/shared/confirm";
import { LinkButton } from "@/shared/link-button";
import { DangerZone } from "@/shared/panel";
import { useMay } from "@/shared/permissions";
import { Notice } from "@/shared/states";
import { useLanguage } from "@/shared/values";

/** What one does with a deployment day by day; deleting stands in the dangerous zone. */
export function Actions({ deployment, onEdit }: { deployment: Detail; onEdit: () => void }) {
  const words = useDeploymentWords();
  const operates = useMay("deployments.restart");
  const manages = useMay("deployments.manage") && deployment.origin === "api";
  const chats = useMay("inference.use") && deployment.kinds.includes("chat");
  const { start } = useDeploymentChanges();
  const { act, working, failure } = useAct();
  const [asking, setAsking] = useState<"stop" | "restart" | null>(null);
  const stopped = deployment.wanted === "stopped" || deployment.state === "failed";
  return (
    <>
      {failure}
      <div className={styles.actions}>
        {chats ? (
          <LinkButton to="/playground" search={{ model: deployment.name }} icon={<MessagesSquare size={14} aria-hidden="true" />}>
            {words.tryIt}
          </LinkButton>
        ) : null}
        {manages ? (
          <Button icon={<Pencil size={14} aria-hidden="true" />} onClick={onEdit}>
            {words.edit}
          </Button>
        ) : null}
        {operates && stopped ? (
          <Button icon={<Play size={14} aria-hidden="true" />} loading={working} onClick={() => void act(() => start(deployment))}>
            {words.start}
          </Button>
        ) : null}
        {operates && deployment.wanted === "running" ? (
          <>
            <Button icon={<RotateCw size={14} aria-hidden="true" />} onClick={() => setAsking("restart")}>
              {words.restart}
            </Button>
            <Button icon={<Square size={14} aria-hidden="true" />} onClick={() => setAsking("stop")}>
              {words.stop}
            </Button>
          </>
        ) : null}
      </div>
      <Asking deployment={deployment} what={asking} onClose={() => setAsking(null)} />
    </>
  );
}

function Asking({ deployment, what, onClose }: { deployment: Detail; what: "stop" | "restart" | null; onClose: () => void }) {
  const words = useDeploymentWords();
  const { stop, restart } = useDeploymentChanges();
  const stopping = what === "stop";
  return (
    <ConfirmDanger
      open={what !== null}
      title={stopping ? words.stopTitle : words.restartTitle}
      losses={stopping ? [words.lossDrain(deployment.in_flight), words.lossStopped] : [words.lossCalls(deployment.in_flight), words.lossWait]}
      verb={stopping ? words.stop : words.restart}
      act={() => (stopping ? stop(deployment) : restart(deployment))}
      onClose={onClose}
    />
  );
}

/** Says first which alias holds it: then it cannot be deleted. */
export function Delete({ deployment, onGone }: { deployment: Detail; onGone: () => void }) {
  const words = useDeploymentWords();
  const manages = useMay("deployments.manage");
  const language = useLanguage();
  const { remove } = useDeploymentChanges();
  const [open, setOpen] = useState(false);
  const holders = useQuery({ ...aliasesQuery, enabled: manages }).data?.filter(({ targets, fallbacks }) => [...targets, ...fallbacks].some(({ model }) => model === deployment.name)) ?? [];
  if (!manages || deployment.origin === "settings") return null;
  if (holders.length) {
    return (
      <Notice level="warning">
        <p>{words.heldTitle}</p>
        <p>{words.heldText(holders.map(({ name }) => name).join(language === "zh" ? "、" : ", "))}</p>
        <p className={styles.holders}>
          {holders.map(({ name }) => (
            <Link key={name} to="/providers" search={{ tab: "routes", id: name }} className={styles.link}>
              {name}
            </Link>
          ))}
        </p>
      </Notice>
    );
  }
  return (
    <>
      <DangerZone
        title={words.deleteTitle}
        text={words.deleteText}
        action={
          <Button danger onClick={() => setOpen(true)}>
            {words.delete}
          </Button>
        }
      />
      <ConfirmDanger
        open={open}
        title={words.deleteTitle}
        losses={[words.lossName, words.lossDrain(deployment.in_flight), words.lossRevisions(deployment.revisions.length)]}
        verb={words.delete}
        name={deployment.name}
        act={async () => {
          await remove(deployment);
          onGone();
        }}
        onClose={() => setOpen(false)}
      />
    </>
  );
}
