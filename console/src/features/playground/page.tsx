import { getRouteApi } from "@tanstack/react-router";
import { Button, Select } from "antd";
import { Code, MessagesSquare, SlidersHorizontal, SquarePen } from "lucide-react";
import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import { CodePanel } from "@/features/playground/code-panel";
import { keep, kept } from "@/features/playground/kept";
import styles from "@/features/playground/page.module.css";
import { freshSettings, sendable, type Settings } from "@/features/playground/settings";
import { SidePanel } from "@/features/playground/side-panel";
import { useChat } from "@/features/playground/use-chat";
import { usePlaygroundWords } from "@/features/playground/words";
import { LinkButton } from "@/shared/link-button";
import { Card, Page, usePageTitle } from "@/shared/page";
import { Panel } from "@/shared/panel";
import { useNarrow } from "@/shared/preferences";
import { isCallable, serves, usePublicModels, type PublicModel } from "@/shared/public-models";
import { RouteStatus } from "@/shared/route-state";
import { Bones, Empty, ErrorState, Notice } from "@/shared/states";

const Conversation = lazy(() => import("@/features/playground/conversation"));
const route = getRouteApi("/console/playground");

export function PlaygroundPage() {
  const words = usePlaygroundWords();
  usePageTitle(words.title);
  const { models: all, error, retry } = usePublicModels();
  const models = all?.filter((model) => serves(model, "chat"));
  if (error && !models) return <ErrorState error={error} retry={retry} centred />;
  if (!models) {
    return (
      <Page title={words.title}>
        <Card padded={false}>
          <Bones lines={8} />
        </Card>
      </Page>
    );
  }
  if (models.length === 0) {
    return (
      <Empty
        centred
        icon={MessagesSquare}
        title={words.noModel}
        text={words.noModelText}
        action={<LinkButton to="/deployments">{words.seeDeployments}</LinkButton>}
      />
    );
  }
  return <Playground models={models} />;
}

function Playground({ models }: { models: readonly PublicModel[] }) {
  const words = usePlaygroundWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const narrow = useNarrow();
  const [settings, setSettings] = useState<Settings>(() => ({ ...freshSettings, ...kept<Partial<Settings>>("settings") }));
  const [open, setOpen] = useState<"settings" | "code">();
  useEffect(() => keep("settings", settings), [settings]);
  const model = models.find(({ name }) => name === search.model) ?? models.find(isCallable) ?? models[0];
  const chat = useChat(model?.name, settings);
  const side = (
    <SidePanel
      settings={settings}
      onChange={(change) => setSettings((before) => ({ ...before, ...change }))}
      shown={search.panel ?? "parameters"}
      onShow={(panel) => void navigate({ search: (before) => ({ ...before, panel }), replace: true })}
    />
  );
  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <h1>{words.title}</h1>
        <ModelSelect models={models} value={model?.name} onChange={(name) => void navigate({ search: (before) => ({ ...before, model: name }), replace: true })} />
        <span className={styles.spring} />
        <Tool label={words.newChat} icon={<SquarePen size={15} aria-hidden="true" />} onClick={chat.clear} />
        <Tool label={words.viewCode} icon={<Code size={15} aria-hidden="true" />} onClick={() => setOpen("code")} />
        {narrow ? <Tool label={words.settings} icon={<SlidersHorizontal size={15} aria-hidden="true" />} onClick={() => setOpen("settings")} /> : null}
      </div>
      {model?.weak ? <div className={styles.weak}><Notice level="warning"><p>{words.weak}</p></Notice></div> : null}
      <div className={styles.body}>
        <div className={styles.talk}>
          <Suspense fallback={null}>
            <Conversation chat={chat} ready={model !== undefined && isCallable(model)} blocked={sendable(settings) ? undefined : words.fixFirst} />
          </Suspense>
        </div>
        {narrow ? null : (
          <aside className={styles.side} aria-label={words.settings}>
            {side}
          </aside>
        )}
      </div>
      <Panel open={narrow && open === "settings"} title={words.settings} width={400} onClose={() => setOpen(undefined)}>
        {side}
      </Panel>
      <CodePanel open={open === "code"} onClose={() => setOpen(undefined)} model={model?.name ?? ""} chat={chat} settings={settings} />
    </div>
  );
}

interface ModelSelectProps {
  models: readonly PublicModel[];
  value: string | undefined;
  onChange: (name: string) => void;
}

function ModelSelect({ models, value, onChange }: ModelSelectProps) {
  const words = usePlaygroundWords();
  return (
    <Select
      className={styles.models ?? ""}
      aria-label={words.model}
      placeholder={words.chooseModel}
      popupMatchSelectWidth={340}
      value={value}
      onChange={onChange}
      options={models.map((model) => ({ value: model.name, label: model.name, state: model.state }))}
      optionRender={({ data }) => (
        <span className={styles.fieldHead}>
          {data.label}
          <RouteStatus state={data.state} />
        </span>
      )}
    />
  );
}

/** On a phone the icon alone. */
function Tool({ label, icon, onClick }: { label: string; icon: ReactNode; onClick: () => void }) {
  const narrow = useNarrow();
  return (
    <Button icon={icon} aria-label={label} title={label} onClick={onClick}>
      {narrow ? null : label}
    </Button>
  );
}
