import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Form, InputNumber } from "antd";
import { Tags } from "lucide-react";
import { api, ask, type Schemas } from "@/api/client";
import { pricesQuery } from "@/api/queries";
import { ResourcePrices } from "@/features/usage/resource-prices";
import styles from "@/features/usage/usage.module.css";
import { useUsageWords } from "@/features/usage/words";
import { FormPanel, MoneyField, moneyRule } from "@/shared/form";
import * as format from "@/shared/format";
import { LinkButton } from "@/shared/link-button";
import { List } from "@/shared/list";
import { useMay } from "@/shared/permissions";
import type { Column } from "@/shared/rows";
import { Empty } from "@/shared/states";
import { DateOnly, Money, useLanguage } from "@/shared/values";

type Price = Schemas["Price"];
const route = getRouteApi("/console/usage");

export function PricesTab() {
  const words = useUsageWords();
  const manages = useMay("prices.manage");
  const deploys = useMay("deployments.manage");
  const { data, error, refetch } = useQuery(pricesQuery);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (part: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: !("id" in part) });
  const editing = manages ? data?.find(({ model }) => model === search.id) : undefined;
  return (
    <>
      <p className={styles.note}>{words.priceText}</p>
      <List
        name="prices"
        label={words.tabs.prices}
        rows={data}
        error={error}
        retry={() => void refetch()}
        columns={useColumns()}
        search={search}
        onSearch={change}
        text={({ model }) => model}
        rowKey={({ model }) => model}
        rowName={({ model }) => model}
        openable={manages}
        empty={<Empty icon={Tags} title={words.pricesEmptyTitle} text={words.pricesEmptyText} action={deploys ? <LinkButton to="/deployments" search={{ create: true }}>{words.deploy}</LinkButton> : null} />}
      />
      {data ? <ResourcePrices currency={data[0]?.currency ?? "CNY"} /> : null}
      {editing ? <PriceForm price={editing} onClose={() => change({ id: undefined })} /> : null}
    </>
  );
}

function useColumns(): Column<Price>[] {
  const words = useUsageWords();
  const language = useLanguage();
  const amount = (key: string, title: string, pick: (price: Price) => number): Column<Price> => ({
    key,
    title,
    align: "end",
    value: (price) => pick(price) / 1_000_000,
    render: (price) => <Money exact micros={pick(price)} currency={price.currency} />,
  });
  return [
    { key: "model", title: words.model, lead: true, value: (price) => price.model, render: (price) => price.model },
    amount("input", words.priceInput, (price) => price.input_micros),
    amount("cached", words.priceCached, (price) => price.cached_input_micros),
    amount("output", words.priceOutput, (price) => price.output_micros),
    {
      key: "unit",
      title: words.priceUnit,
      align: "end",
      value: ({ unit, unit_micros }) => (unit === null ? null : unit_micros / 1_000_000),
      render: ({ unit, unit_micros, currency }) =>
        unit === null ? (
          <span className="muted">–</span>
        ) : (
          <>
            <Money exact micros={unit_micros} currency={currency} /> <span className="muted">{words.per[unit]}</span>
          </>
        ),
    },
    { key: "batch", title: words.priceBatch, align: "end", value: (price) => price.batch_percent, render: (price) => format.percent(price.batch_percent / 100, language) },
    { key: "replay", title: words.priceReplay, align: "end", value: (price) => price.replay_percent, render: (price) => format.percent(price.replay_percent / 100, language) },
    { key: "version", title: words.version, align: "end", value: (price) => price.version, render: (price) => <span className="muted">v{price.version}</span> },
    { key: "since", title: words.since, align: "end", value: (price) => price.valid_from, render: (price) => <DateOnly at={price.valid_from} /> },
  ];
}

interface Values {
  input_micros: string;
  cached_input_micros: string;
  output_micros: string;
  batch_percent: number;
  replay_percent: number;
  unit_micros?: string;
}

function PriceForm({ price, onClose }: { price: Price; onClose: () => void }) {
  const words = useUsageWords();
  const queryClient = useQueryClient();
  const submit = async (values: Values) => {
    const body = {
      input_micros: format.decimalToMicros(values.input_micros) ?? 0,
      cached_input_micros: format.decimalToMicros(values.cached_input_micros) ?? 0,
      output_micros: format.decimalToMicros(values.output_micros) ?? 0,
      batch_percent: values.batch_percent,
      replay_percent: values.replay_percent,
      ...(values.unit_micros === undefined ? {} : { unit_micros: format.decimalToMicros(values.unit_micros) ?? 0 }),
    };
    await ask(api.PUT("/api/prices/{model}", { params: { path: { model: price.model } }, body }));
    await queryClient.invalidateQueries({ queryKey: ["prices"] });
  };
  const fields = [
    ["input_micros", words.priceInput],
    ["cached_input_micros", words.priceCached],
    ["output_micros", words.priceOutput],
  ] as const;
  const shares = [
    ["batch_percent", words.priceBatch, words.priceBatchHelp],
    ["replay_percent", words.priceReplay, words.priceReplayHelp],
  ] as const;
  return (
    <FormPanel<Values>
      open
      id="price"
      title={words.priceTitle}
      subtitle={`${price.model} · ${words.perMillion}`}
      verb={words.priceVerb}
      initial={{
        input_micros: format.microsToDecimal(price.input_micros),
        cached_input_micros: format.microsToDecimal(price.cached_input_micros),
        output_micros: format.microsToDecimal(price.output_micros),
        batch_percent: price.batch_percent,
        replay_percent: price.replay_percent,
        ...(price.unit === null ? {} : { unit_micros: format.microsToDecimal(price.unit_micros) }),
      }}
      submit={submit}
      onClose={onClose}
    >
      {fields.map(([name, label]) => (
        <Form.Item key={name} name={name} label={label} rules={[{ required: true, message: words.priceMissing }, moneyRule(words.priceWrong)]}>
          <MoneyField currency={price.currency} suffix={words.perMillion} />
        </Form.Item>
      ))}
      {price.unit === null ? null : (
        <Form.Item name="unit_micros" label={words.priceUnit} rules={[{ required: true, message: words.priceMissing }, moneyRule(words.priceWrong)]}>
          <MoneyField currency={price.currency} suffix={words.per[price.unit]} />
        </Form.Item>
      )}
      {shares.map(([name, label, help]) => (
        <Form.Item key={name} name={name} label={label} extra={help} rules={[{ required: true, type: "integer", min: 0, max: 100, message: words.percentWrong }]}>
          <InputNumber className={styles.percent ?? ""} min={0} max={100} precision={0} suffix="%" />
        </Form.Item>
      ))}
      <Example currency={price.currency} />
    </FormPanel>
  );
}

/** What the price means for one call, while it is typed. */
function Example({ currency }: { currency: string }) {
  const words = useUsageWords();
  const language = useLanguage();
  const input = format.decimalToMicros(Form.useWatch<string>("input_micros") ?? "");
  const output = format.decimalToMicros(Form.useWatch<string>("output_micros") ?? "");
  if (input === null || output === null) return null;
  const micros = Math.ceil((1000 * input + 500 * output) / 1_000_000);
  return <p className="muted">{words.priceExample(format.money(micros, currency, language))}</p>;
}
