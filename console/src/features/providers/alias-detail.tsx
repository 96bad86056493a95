import { Button } from "antd";
import { useState } from "react";
import { sharesOf, type Alias, type Route } from "@/features/providers/alias-values";
import { useAliasChanges } from "@/features/providers/alias-mutations";
import { useCacheTimes } from "@/features/providers/cache-times";
import styles from "@/features/providers/providers.module.css";
import { RouteStatus } from "@/shared/route-state";
import { useRouteWords } from "@/features/providers/route-words";
import { Split } from "@/features/providers/split";
import { CodeTabs } from "@/shared/code";
import { ConfirmDanger } from "@/shared/confirm";
import { Id } from "@/shared/copy";
import * as format from "@/shared/format";
import { DangerZone, Facts, Panel } from "@/shared/panel";
import { useMay } from "@/shared/permissions";
import { firstCall, snippets } from "@/shared/snippets";
import { Tabs } from "@/shared/tabs";
import { DateOnly, useLanguage } from "@/shared/values";

interface DetailProps {
  alias: Alias;
  route: Route | undefined;
  view: "code" | undefined;
  onView: (view: "code" | undefined) => void;
  onEdit: () => void;
  onClose: () => void;
}

export function AliasDetail({ alias, route, view, onView, onEdit, onClose }: DetailProps) {
  const words = useRouteWords();
  const manages = useMay("routes.manage");
  return (
    <Panel open title={alias.name} subtitle={<Id value={alias.id} />} onClose={onClose}>
      {alias.description ? <p>{alias.description}</p> : null}
      <div className={styles.sum}>
        {route ? <RouteStatus state={route.state} /> : null}
        {manages ? <Button onClick={onEdit}>{words.edit}</Button> : null}
      </div>
      <Split shares={sharesOf(alias.targets, alias.canary)} />
      <Tabs
        label={alias.name}
        tabs={[
          { key: "settings", label: words.settings },
          { key: "code", label: words.code },
        ]}
        value={view ?? "settings"}
        onChange={(key) => onView(key === "code" ? "code" : undefined)}
      >
        {view ? <CodeTabs snippets={snippets(location.origin, firstCall(alias.name, ["chat"], words.hello))} /> : <Settings alias={alias} />}
      </Tabs>
      {manages ? <Remove alias={alias} onDone={onClose} /> : null}
    </Panel>
  );
}

function Settings({ alias }: { alias: Alias }) {
  const words = useRouteWords();
  const { name } = useCacheTimes();
  const language = useLanguage();
  return (
    <Facts
      rows={[
        [
          words.fallbacks,
          alias.fallbacks.length ? (
            <ol key="f">
              {alias.fallbacks.map(({ model, on }) => (
                <li key={model}>
                  {model} <span className="muted small">· {on.map((each) => words.conditions[each]).join(" · ")}</span>
                </li>
              ))}
            </ol>
          ) : (
            words.none
          ),
        ],
        [words.cache, alias.cache_ttl_s === null ? words.cacheOff : name(alias.cache_ttl_s)],
        [words.retries, alias.retries],
        [words.hedge, alias.hedge_after_ms === null ? words.hedgeOff : format.duration(alias.hedge_after_ms, language)],
        alias.first_token_s !== null && [words.patience, format.duration(alias.first_token_s * 1000, language)],
        !alias.enabled && [words.state, words.disabled],
        [words.created, <DateOnly key="d" at={alias.created_at} />],
      ]}
    />
  );
}

function Remove({ alias, onDone }: { alias: Alias; onDone: () => void }) {
  const words = useRouteWords();
  const { remove } = useAliasChanges();
  const [open, setOpen] = useState(false);
  return (
    <>
      <DangerZone
        title={words.removeTitle}
        text={words.removeText}
        action={
          <Button danger onClick={() => setOpen(true)}>
            {words.removeAlias}
          </Button>
        }
      />
      <ConfirmDanger
        open={open}
        title={words.removeTitle}
        losses={[words.lossName(alias.name), words.lossTargets, ...(alias.cache_ttl_s === null ? [] : [words.lossCache])]}
        verb={words.removeAlias}
        name={alias.name}
        act={async () => {
          await remove(alias);
          onDone();
        }}
        onClose={() => setOpen(false)}
      />
    </>
  );
}
