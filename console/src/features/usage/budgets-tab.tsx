import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Form } from "antd";
import { Wallet } from "lucide-react";
import { useState } from "react";
import { api, ask, ifMatch, type Schemas } from "@/api/client";
import { budgetsQuery } from "@/api/queries";
import styles from "@/features/usage/usage.module.css";
import { useUsageWords } from "@/features/usage/words";
import { Meter } from "@/shared/figure";
import { FormPanel, MoneyField, moneyRule } from "@/shared/form";
import * as format from "@/shared/format";
import { Framed } from "@/shared/list";
import { useMay } from "@/shared/permissions";
import type { Column } from "@/shared/rows";
import { Bones, Empty, ErrorState } from "@/shared/states";
import { Tag } from "@/shared/status";
import { Table } from "@/shared/table";
import { Money, useLanguage } from "@/shared/values";

type Budget = Schemas["Budget"];

export function BudgetsTab() {
  const words = useUsageWords();
  const manages = useMay("budgets.manage");
  const { data, error, refetch } = useQuery(budgetsQuery);
  const [editing, setEditing] = useState<Budget>();
  const columns = useColumns(manages ? setEditing : undefined);
  return (
    <>
      <p className={styles.note}>{words.budgetText}</p>
      <Framed>
        {data ? (
          data.length ? (
            <Table label={words.tabs.budgets} rows={data} columns={columns} rowKey={(budget) => budget.scope_id} />
          ) : (
            <Empty icon={Wallet} title={words.budgetsEmptyTitle} text={words.budgetsEmptyText} />
          )
        ) : error ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : (
          <Bones />
        )}
      </Framed>
      {editing ? <BudgetForm budget={editing} onClose={() => setEditing(undefined)} /> : null}
    </>
  );
}

function Used({ budget }: { budget: Budget }) {
  const words = useUsageWords();
  const language = useLanguage();
  const limit = budget.limit_micros;
  if (limit === null) return <span className="muted">–</span>;
  return (
    <div className={styles.used}>
      {format.percent(limit ? budget.spent_micros / limit : 1, language)}
      <Meter value={budget.spent_micros} limit={limit} label={`${words.used}: ${budget.name}`} />
    </div>
  );
}

function useColumns(onEdit: ((budget: Budget) => void) | undefined): Column<Budget>[] {
  const words = useUsageWords();
  return [
    {
      key: "name",
      title: words.scope,
      lead: true,
      render: (budget) => (
        <>
          {budget.name} <Tag>{words.scopes[budget.scope]}</Tag>
        </>
      ),
    },
    { key: "spent", title: words.spent, align: "end", render: (budget) => <Money exact micros={budget.spent_micros} currency={budget.currency} /> },
    { key: "held", title: words.held, align: "end", render: (budget) => <Money exact micros={budget.held_micros} currency={budget.currency} /> },
    {
      key: "limit",
      title: words.limit,
      align: "end",
      render: (budget) =>
        budget.limit_micros === null ? <span className="muted">{words.noLimit}</span> : <Money micros={budget.limit_micros} currency={budget.currency} />,
    },
    { key: "used", title: words.used, align: "end", render: (budget) => <Used budget={budget} /> },
    ...(onEdit
      ? [
          {
            key: "edit",
            title: "",
            align: "end" as const,
            tight: true,
            render: (budget: Budget) => (
              <Button size="small" aria-label={`${words.budgetTitle}: ${budget.name}`} onClick={() => onEdit(budget)}>
                {words.edit}
              </Button>
            ),
          },
        ]
      : []),
  ];
}

function BudgetForm({ budget, onClose }: { budget: Budget; onClose: () => void }) {
  const words = useUsageWords();
  const queryClient = useQueryClient();
  const submit = async ({ limit }: { limit?: string }) => {
    const body = { limit_micros: limit?.trim() ? format.decimalToMicros(limit) : null };
    const params = { path: { scope_id: budget.scope_id } };
    await ask(api.PUT("/api/budgets/{scope_id}", { params, body, headers: ifMatch(budget.version) }));
    await Promise.all([["budgets"], ["overview"], ["keys"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  };
  return (
    <FormPanel<{ limit?: string }>
      open
      id="budget"
      title={words.budgetTitle}
      subtitle={budget.name}
      verb={words.budgetVerb}
      initial={{ limit: budget.limit_micros === null ? "" : format.microsToDecimal(budget.limit_micros) }}
      submit={submit}
      onClose={onClose}
    >
      <Form.Item name="limit" label={words.budgetLimit} extra={words.budgetHelp} rules={[moneyRule(words.priceWrong)]}>
        <MoneyField currency={budget.currency} placeholder={words.noLimit} suffix={words.perMonth} />
      </Form.Item>
    </FormPanel>
  );
}
