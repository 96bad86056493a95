import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input, Select } from "antd";
import { Server } from "lucide-react";
import { useState } from "react";
import { api, ask, type Schemas } from "@/api/client";
import { resourcePricesQuery } from "@/api/queries";
import styles from "@/features/usage/usage.module.css";
import { useUsageWords } from "@/features/usage/words";
import { FormPanel, MoneyField, moneyRule } from "@/shared/form";
import * as format from "@/shared/format";
import { Framed } from "@/shared/list";
import { Section } from "@/shared/page";
import { useMay } from "@/shared/permissions";
import type { Column } from "@/shared/rows";
import { Bones, Empty, ErrorState } from "@/shared/states";
import { Table } from "@/shared/table";
import { DateOnly, Money } from "@/shared/values";

type Price = Schemas["ResourcePrice"];
type Resource = Price["resource"];
interface Values {
  resource: Resource;
  subject?: string;
  micros: string;
}

const resources = ["gpu_hour", "cpu_hour", "gb_day"] as const;

export function ResourcePrices({ currency }: { currency: string }) {
  const words = useUsageWords();
  const manages = useMay("prices.manage");
  const { data, error, refetch } = useQuery(resourcePricesQuery);
  const [open, setOpen] = useState(false);
  const set = manages ? <Button onClick={() => setOpen(true)}>{words.priceVerb}</Button> : null;
  return (
    <Section title={words.resourcePrices} aside={data?.length ? set : null}>
      <p className={styles.note}>{words.resourcePricesText}</p>
      <Framed>
        {error && !data ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Bones lines={3} />
        ) : data.length ? (
          <Table label={words.resourcePrices} rows={data} columns={columnsOf(words)} rowKey={(price) => `${price.resource} ${price.subject ?? ""}`} />
        ) : (
          <Empty icon={Server} title={words.resourcePricesEmptyTitle} text={words.resourcePricesEmptyText} action={set} />
        )}
      </Framed>
      {open ? <ResourcePriceForm currency={currency} onClose={() => setOpen(false)} /> : null}
    </Section>
  );
}

function columnsOf(words: ReturnType<typeof useUsageWords>): Column<Price>[] {
  return [
    { key: "resource", title: words.resource, lead: true, render: ({ resource }) => words.oneResource[resource] },
    { key: "subject", title: words.subject, render: ({ resource, subject }) => subject ?? (resource === "gpu_hour" ? words.everyOther : "–") },
    { key: "price", title: words.pricePerUnit, align: "end", render: ({ micros, currency }) => <Money exact micros={micros} currency={currency} /> },
    { key: "version", title: words.version, align: "end", render: ({ version }) => version },
    { key: "since", title: words.since, render: ({ valid_from }) => <DateOnly at={valid_from} /> },
  ];
}

function ResourcePriceForm({ currency, onClose }: { currency: string; onClose: () => void }) {
  const words = useUsageWords();
  const queryClient = useQueryClient();
  const submit = async (values: Values) => {
    const subject = values.resource === "gpu_hour" && values.subject?.trim() ? values.subject.trim() : null;
    const body = { micros: format.decimalToMicros(values.micros) ?? 0, subject };
    await ask(api.PUT("/api/prices/resources/{resource}", { params: { path: { resource: values.resource } }, body }));
    await queryClient.invalidateQueries({ queryKey: ["resource-prices"] });
  };
  return (
    <FormPanel<Values> open id="resource-price" title={words.resourcePriceTitle} verb={words.priceVerb} initial={{ resource: "gpu_hour", micros: "" }} submit={submit} onClose={onClose}>
      <Form.Item name="resource" label={words.resource} rules={[{ required: true }]}>
        <Select options={resources.map((value) => ({ value, label: words.oneResource[value] }))} />
      </Form.Item>
      <Form.Item noStyle shouldUpdate>
        {({ getFieldValue }) =>
          getFieldValue("resource") === "gpu_hour" ? (
            <Form.Item name="subject" label={words.chip} extra={words.chipHelp}>
              <Input maxLength={120} />
            </Form.Item>
          ) : null
        }
      </Form.Item>
      <Form.Item name="micros" label={words.pricePerUnit} rules={[{ required: true, message: words.priceMissing }, moneyRule(words.priceWrong)]}>
        <MoneyField currency={currency} suffix={words.perUnit} />
      </Form.Item>
    </FormPanel>
  );
}
