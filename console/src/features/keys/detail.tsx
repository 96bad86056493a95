import { Button } from "antd";
import { useState } from "react";
import { KeyStatus, ModelTags, ScopeTags } from "@/features/keys/columns";
import { Revoke } from "@/features/keys/revoke";
import styles from "@/features/keys/keys.module.css";
import type { Key } from "@/features/keys/values";
import { useKeyWords } from "@/features/keys/words";
import { LimitsSection } from "@/features/limits/section";
import { useCommonWords } from "@/shared/common-words";
import { Id } from "@/shared/copy";
import { LinkButton } from "@/shared/link-button";
import { DangerZone, Facts, Panel } from "@/shared/panel";
import { useMay } from "@/shared/permissions";
import { Ago, DateOnly, Money } from "@/shared/values";

interface DetailProps {
  keyRow: Key;
  currency: string;
  maker: string | null;
  onEdit: () => void;
  onClose: () => void;
}

export function KeyDetail({ keyRow, currency, maker, onEdit, onClose }: DetailProps) {
  const words = useKeyWords();
  const common = useCommonWords();
  const [revoking, setRevoking] = useState(false);
  const never = <span className="muted">{common.never}</span>;
  const limits = useMay("limits.read");
  const limit = keyRow.monthly_limit_micros;
  return (
    <Panel open title={keyRow.name} subtitle={<Id value={keyRow.id} />} onClose={onClose}>
      <div className={styles.actions}>
        {keyRow.status === "revoked" ? null : <Button onClick={onEdit}>{words.edit}</Button>}
        <LinkButton to="/usage" search={{ tab: "calls", key: keyRow.id }}>{words.usage}</LinkButton>
      </div>
      <Facts
        rows={[
          [words.status, <KeyStatus key="s" status={keyRow.status} />],
          [words.hint, <code key="h">{keyRow.hint}</code>],
          [words.scopes, <ScopeTags key="c" scopes={keyRow.scopes} />],
          [words.models, <ModelTags key="m" models={keyRow.models} />],
          !limits && [words.budget, limit === null ? words.noBudget : <Money key="b" exact micros={limit} currency={currency} />],
          [words.lastUsed, keyRow.last_used_at ? <Ago key="u" at={keyRow.last_used_at} /> : never],
          [words.expires, keyRow.expires_at ? <DateOnly key="e" at={keyRow.expires_at} /> : never],
          maker !== null && [words.member, maker],
          [words.created, <DateOnly key="d" at={keyRow.created_at} />],
          keyRow.revoked_at !== null && [words.revokedAt, <Ago key="r" at={keyRow.revoked_at} />],
        ]}
      />
      {keyRow.status !== "revoked" && limits ? <LimitsSection scope={keyRow.id} /> : null}
      {keyRow.status === "revoked" ? null : (
        <DangerZone
          title={words.revokeTitle}
          text={words.revokeText}
          action={
            <Button danger onClick={() => setRevoking(true)}>
              {words.revoke}
            </Button>
          }
        />
      )}
      <Revoke keys={[keyRow]} open={revoking} onClose={() => setRevoking(false)} />
    </Panel>
  );
}
