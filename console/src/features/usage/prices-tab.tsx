import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Form } from "antd";
import { Tags } from "lucide-react";
import { useState } from "react";
import { api, ask, type Schemas } from "@/api/client";
import { pricesQuery } from "@/api/queries";
import styles from "@/features/usage/usage.module.css";
import { useUsageWords } from "@/features/usage/words";
import { FormPanel, MoneyField, moneyRule } from "@/shared/form";
import * as format from "@/shared/format";
import { Framed } from "@/shared/list";
import { useMay } from "@/shared/permissions";
import type { Column } from "@/shared/rows";
import { Bones, Empty, ErrorState } from "@/shared/states";
import { Table } from "@/shared/table";
import { DateOnly, Money, useLanguage } from "@/shared/values";

type Price = Schemas["Price"];

export function PricesTab() {
  const words = useUsageWords();
  const manages = useMay("prices.manage");
  const { data, error, refetch } = useQuery(pricesQuery);
  const [editing, setEditing] = useState<Price>();
  const columns = useColumns(manages ? setEditing : undefined);
  return (
    <>
      <p className={styles.note}>{words.priceText}</p>
      <Framed>
        {data ? (
          data.length ? (
            <Table label={words.tabs.prices} rows={data} columns={columns} rowKey={(price) => price.model} />
          ) : (
            <Empty icon={Tags} title={words.pricesEmptyTitle} text={words.pricesEmptyText} />
          )
        ) : error ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : (
          <Bones />
        )}
      </Framed>
      {editing ? <PriceForm price={editing} onClose={() => setEditing(undefined)} /> : null}
    </>
  );
}

function useColumns(onEdit: ((price: Price) => void) | undefined): Column<Price>[] {
  const words = useUsageWords();
  const amount = (key: string, title: string, pick: (price: Price) => number): Column<Price> => ({
    key,
    title,
    align: "end",
    render: (price) => <Money exact micros={pick(price)} currency={price.currency} />,
  });
  return [
    { key: "model", title: words.model, lead: true, render: (price) => price.model },
    amount("input", words.priceInput, (price) => price.input_micros),
    amount("cached", words.priceCached, (price) => price.cached_input_micros),
    amount("output", words.priceOutput, (price) => price.output_micros),
    { key: "version", title: words.version, align: "end", render: (price) => <span className="muted">v{price.version}</span> },
    { key: "since", title: words.since, align: "end", render: (price) => <DateOnly at={price.valid_from} /> },
    ...(onEdit
      ? [
          {
            key: "edit",
            title: "",
            align: "end" as const,
            tight: true,
            render: (price: Price) => (
              <Button size="small" aria-label={`${words.priceTitle}: ${price.model}`} onClick={() => onEdit(price)}>
                {words.edit}
              </Button>
            ),
          },
        ]
      : []),
  ];
}

interface Values {
  input_micros: string;
  cached_input_micros: string;
  output_micros: string;
}

function PriceForm({ price, onClose }: { price: Price; onClose: () => void }) {
  const words = useUsageWords();
  const queryClient = useQueryClient();
  const submit = async (values: Values) => {
    const body = {
      input_micros: format.decimalToMicros(values.input_micros) ?? 0,
      cached_input_micros: format.decimalToMicros(values.cached_input_micros) ?? 0,
      output_micros: format.decimalToMicros(values.output_micros) ?? 0,
    };
    await ask(api.PUT("/api/prices/{model}", { params: { path: { model: price.model } }, body }));
    await queryClient.invalidateQueries({ queryKey: ["prices"] });
  };
  const fields = [
    ["input_micros", words.priceInput],
    ["cached_input_micros", words.priceCached],
    ["output_micros", words.priceOutput],
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
      }}
      submit={submit}
      onClose={onClose}
    >
      {fields.map(([name, label]) => (
        <Form.Item key={name} name={name} label={label} rules={[{ required: true, message: words.priceMissing }, moneyRule(words.priceWrong)]}>
          <MoneyField currency={price.currency} suffix={words.perMillion} />
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
