import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Store as StoreIcon } from "lucide-react";
import type { Schemas } from "@/api/client";
import { modelsQuery } from "@/api/queries";
import styles from "@/features/models/models.module.css";
import { useModelWords } from "@/features/models/words";
import { Meter } from "@/shared/figure";
import * as format from "@/shared/format";
import { Card } from "@/shared/page";
import { Facts } from "@/shared/panel";
import { Bones, Empty, ErrorState, Notice } from "@/shared/states";
import { Status, Tag, Tags, type Tone } from "@/shared/status";
import { Count, useLanguage } from "@/shared/values";

type Model = Schemas["Model"];

export function Store() {
  const words = useModelWords();
  const { data, error, refetch } = useQuery(modelsQuery);
  if (error && !data) return <Card padded={false}><ErrorState error={error} retry={() => void refetch()} /></Card>;
  if (!data) return <Card padded={false}><Bones lines={8} /></Card>;
  if (data.length === 0) return <Card padded={false}><Empty icon={StoreIcon} title={words.storeEmptyTitle} text={words.storeEmptyText} /></Card>;
  return (
    <ul className={styles.store}>
      {data.map((model) => (
        <li key={model.id}>
          <Card>
            <Entry model={model} />
          </Card>
        </li>
      ))}
    </ul>
  );
}

const tones: Record<Model["state"], Tone> = { available: "muted", downloading: "info", downloaded: "good", failed: "bad" };

function Entry({ model }: { model: Model }) {
  const words = useModelWords();
  const language = useLanguage();
  return (
    <article className={styles.entry}>
      <header className={styles.entryHead}>
        <div>
          <h2>{model.name}</h2>
          <code className="muted">{model.id}</code>
        </div>
        <Status tone={tones[model.state]} live={model.state === "downloading"} hollow={model.state === "available"}>
          {words.modelStates[model.state]}
        </Status>
      </header>
      {model.state === "downloading" ? <Progress model={model} /> : null}
      <p className="muted">{model.description}</p>
      <Tags>
        {model.kinds.map((kind) => (
          <Tag key={kind}>{words.kindNames[kind]}</Tag>
        ))}
        <Tag>{model.license}</Tag>
        <Tag tone={model.license_class === "commercial" ? "good" : "warn"}>{words.licences[model.license_class]}</Tag>
      </Tags>
      {model.weak ? (
        <Notice level="warning">
          <p>{words.weakTitle}</p>
          <p>{words.weakText}</p>
        </Notice>
      ) : null}
      <Facts
        rows={[
          [words.parameters, model.parameters],
          [words.size, format.bytes(model.size_bytes, language)],
          [
            words.context,
            <span key="c">
              <Count value={model.context} /> {words.contextUnit}
            </span>,
          ],
          [words.languages, languageNames(model.languages, language)],
          model.source !== null && [words.source, model.source],
          [words.deployedAs, model.deployed_as.length ? <Deployed key="d" names={model.deployed_as} /> : words.notDeployed],
        ]}
      />
    </article>
  );
}

function languageNames(codes: readonly string[], language: "zh" | "en"): string {
  const names = new Intl.DisplayNames([language === "zh" ? "zh-CN" : "en"], { type: "language", fallback: "code" });
  return codes.map((code) => (/^[a-z]{2,3}(-|$)/i.test(code) ? (names.of(code) ?? code) : code)).join(language === "zh" ? "、" : ", ");
}

function Progress({ model }: { model: Model }) {
  const words = useModelWords();
  const language = useLanguage();
  const share = model.size_bytes ? model.downloaded_bytes / model.size_bytes : 0;
  return (
    <div>
      <Meter calm value={model.downloaded_bytes} limit={model.size_bytes} label={words.modelStates.downloading} />
      <p className="muted small">
        {words.of(format.bytes(model.downloaded_bytes, language), format.bytes(model.size_bytes, language))} · {format.percent(share, language)}
      </p>
    </div>
  );
}

function Deployed({ names }: { names: readonly string[] }) {
  return names.map((name) => (
    <div key={name}>
      <Link to="/deployments" search={{ id: name }} className={styles.link}>
        {name}
      </Link>
    </div>
  ));
}
