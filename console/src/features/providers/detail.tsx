import { useMutation, useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { Activity } from "lucide-react";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { pricesQuery } from "@/api/queries";
import { useVendorNames } from "@/features/providers/list";
import { useProviderChanges } from "@/features/providers/mutations";
import styles from "@/features/providers/providers.module.css";
import { hasTokens, hostOf, unitOf, type Provider, type ProviderModel } from "@/features/providers/values";
import { useProviderWords } from "@/features/providers/words";
import { CodeTabs } from "@/shared/code";
import { useCommonWords } from "@/shared/common-words";
import { ConfirmDanger } from "@/shared/confirm";
import { Id } from "@/shared/copy";
import * as format from "@/shared/format";
import { isKind, useKindWords } from "@/shared/kind-words";
import { DangerZone, Facts, Panel } from "@/shared/panel";
import { useMay } from "@/shared/permissions";
import { firstCall, hasFirstCall, snippets } from "@/shared/snippets";
import { ProviderStatus } from "@/shared/route-state";
import { Notice, ProblemNotice } from "@/shared/states";
import { Tabs } from "@/shared/tabs";
import { Ago, Count, DateOnly, Money, useLanguage } from "@/shared/values";

interface DetailProps {
  provider: Provider;
  view: "code" | undefined;
  onView: (view: "code" | undefined) => void;
  onEdit: () => void;
  onClose: () => void;
}

/** State and its reason, the check, what it serves; the dangerous zone last. */
export function ProviderDetail({ provider, view, onView, onEdit, onClose }: DetailProps) {
  const words = useProviderWords();
  const manages = useMay("providers.manage");
  const first = provider.models.find(({ kinds }) => hasFirstCall(kinds));
  return (
    <Panel open width={640} title={provider.name} subtitle={<Id value={provider.id} />} onClose={onClose}>
      <State provider={provider} />
      {manages ? <Check provider={provider} onEdit={onEdit} /> : null}
      <Tabs
        label={provider.name}
        tabs={[{ key: "details", label: words.details }, ...(first ? [{ key: "code" as const, label: words.code }] : [])]}
        value={first ? (view ?? "details") : "details"}
        onChange={(key) => onView(key === "code" ? "code" : undefined)}
      >
        {view && first ? <CodeTabs snippets={snippets(location.origin, firstCall(first.name, first.kinds, words.hello))} /> : <Details provider={provider} />}
      </Tabs>
      {manages ? <Remove provider={provider} onDone={onClose} /> : null}
    </Panel>
  );
}

function State({ provider: { state, reason, checked_at } }: { provider: Provider }) {
  return (
    <>
      <div>
        <ProviderStatus state={state} />
        {checked_at ? (
          <span className="muted small">
            {" · "}
            <Ago at={checked_at} />
          </span>
        ) : null}
      </div>
      {reason ? (
        <Notice level={state === "failing" ? "error" : "info"}>
          <p>{reason.message}</p>
          {reason.remedy ? <p>{reason.remedy}</p> : null}
        </Notice>
      ) : null}
    </>
  );
}

function Check({ provider, onEdit }: { provider: Provider; onEdit: () => void }) {
  const words = useProviderWords();
  const { check } = useProviderChanges();
  const { mutate, data, error, isPending } = useMutation({ mutationFn: () => check(provider) });
  return (
    <>
      <div className={styles.actions}>
        <Button icon={<Activity size={14} aria-hidden="true" />} loading={isPending} onClick={() => mutate()}>
          {words.check}
        </Button>
        <Button onClick={onEdit}>{words.edit}</Button>
      </div>
      {error ? <ProblemNotice error={error} /> : null}
      {data ? <Checked provider={provider} result={data} /> : null}
    </>
  );
}

function Checked({ provider, result }: { provider: Provider; result: Schemas["ProviderCheck"] }) {
  const words = useProviderWords();
  const language = useLanguage();
  if (!result.ok) {
    return (
      <Notice level="error">
        <p>{result.error?.message}</p>
        {result.error?.remedy ? <p>{result.error.remedy}</p> : null}
      </Notice>
    );
  }
  const missing = result.models.length ? provider.models.filter(({ upstream }) => !result.models.includes(upstream)).map(({ upstream }) => upstream) : [];
  return (
    <Notice level={missing.length ? "warning" : "info"}>
      <p>
        {words.checkOk(format.duration(result.latency_ms, language))} · {result.models.length ? words.checkModels(result.models.length) : words.checkNone}
      </p>
      {missing.length ? <p>{words.checkNotListed(missing.join(", "))}</p> : null}
      {result.models.length ? (
        <details className={styles.listed}>
          <summary>{words.checkList}</summary>
          <ul>
            {result.models.map((model) => (
              <li key={model}>
                <code>{model}</code>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </Notice>
  );
}

function Details({ provider }: { provider: Provider }) {
  const words = useProviderWords();
  const manages = useMay("providers.manage");
  const vendorName = useVendorNames();
  return (
    <>
      <Facts
        rows={[
          [words.vendor, vendorName(provider.vendor)],
          manages ? [words.baseUrl, <code key="b">{provider.base_url}</code>] : [words.host, <code key="h">{hostOf(provider.base_url)}</code>],
          provider.api_version !== null && [words.apiVersion, <code key="v">{provider.api_version}</code>],
          manages && [words.credential, provider.credential_hint ? <code key="c">{provider.credential_hint}</code> : words.noCredential],
          [words.parallel, <Count key="p" value={provider.max_parallel} />],
          [words.onDisconnect, words.disconnects[provider.on_disconnect]],
          [words.created, <DateOnly key="d" at={provider.created_at} />],
        ]}
      />
      <Models provider={provider} />
    </>
  );
}

function Models({ provider }: { provider: Provider }) {
  const words = useProviderWords();
  const kindWords = useKindWords();
  const known = useQuery({ ...pricesQuery, enabled: useMay("prices.read") }).data;
  const prices = new Map(known?.map((price) => [price.model, price]));
  return (
    <ul className={styles.served} aria-label={words.models}>
      {provider.models.map((model) => {
        return (
          <li key={model.name}>
            <div>
              <strong>{model.name}</strong>
              {model.upstream === model.name ? null : <code>{model.upstream}</code>}
            </div>
            <p>
              {[...model.kinds.map((kind) => kindWords[kind]), model.tools && words.tools, model.vision && words.vision].filter(Boolean).join(" · ")} · {words.context} {format.tokens(model.context)}
              {model.max_output === null ? null : (
                <>
                  {" · "}
                  {words.maxOutput} {format.tokens(model.max_output)}
                </>
              )}
            </p>
            {known ? <ModelPrice model={model} price={prices.get(model.name)} /> : null}
          </li>
        );
      })}
    </ul>
  );
}

/** What calls of a model cost, in tokens or in what it is counted in instead. */
function ModelPrice({ model, price }: { model: ProviderModel; price: Schemas["Price"] | undefined }) {
  const words = useProviderWords();
  const kinds = model.kinds.filter(isKind);
  const unit = unitOf(kinds);
  if (!price || (unit && price.unit !== unit)) {
    return (
      <Notice level="warning">
        <p>{words.unpriced}</p>
      </Notice>
    );
  }
  return (
    <>
      {hasTokens(kinds) ? (
        <p title={words.pricesHelp}>
          {words.priceInput} <Money micros={price.input_micros} currency={price.currency} /> · {words.priceCached}{" "}
          <Money micros={price.cached_input_micros} currency={price.currency} /> · {words.priceOutput}{" "}
          <Money micros={price.output_micros} currency={price.currency} /> · {words.perMillion}
        </p>
      ) : null}
      {unit ? (
        <p title={words.unitPriceHelp}>
          {words.priceUnit[unit]} <Money exact micros={price.unit_micros} currency={price.currency} />
        </p>
      ) : null}
    </>
  );
}

function Remove({ provider, onDone }: { provider: Provider; onDone: () => void }) {
  const words = useProviderWords();
  const common = useCommonWords();
  const { remove } = useProviderChanges();
  const [open, setOpen] = useState(false);
  const names = provider.models.map(({ name }) => name).join(", ") || common.none;
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
        losses={[words.lossModels(names), words.lossCredential]}
        verb={words.remove}
        name={provider.name}
        act={async () => {
          await remove(provider);
          onDone();
        }}
        onClose={() => setOpen(false)}
      />
    </>
  );
}
