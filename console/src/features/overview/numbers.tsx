import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import styles from "@/features/overview/overview.module.css";
import { useOverviewWords } from "@/features/overview/words";
import { Figure, Figures, Meter } from "@/shared/figure";
import * as format from "@/shared/format";
import { useMay } from "@/shared/permissions";
import { Money, useLanguage } from "@/shared/values";

export function Numbers({ data }: { data: Schemas["Overview"] }) {
  const words = useOverviewWords();
  const language = useLanguage();
  const running = [...data.deployments, ...data.outside].reduce((sum, each) => sum + each.in_flight, 0);
  return (
    <Figures>
      <Figure
        name={words.tokensPerSecond}
        value={format.rate(data.tokens_per_second, language)}
        unit={words.tokensPerSecondUnit}
        note={words.inFlight(running)}
      />
      <Figure name={words.requests} value={format.rate(data.requests_per_minute, language)} unit={words.requestsUnit} />
      <Figure
        name={words.firstToken}
        value={data.first_token_ms === null ? "–" : format.duration(data.first_token_ms, language)}
        note={data.first_token_ms === null ? words.noStreams : words.firstTokenNote}
      />
      <Figure name={words.today} value={<Money micros={data.spend_today_micros} currency={data.currency} />} note={<UsageLink />} />
      <Figure name={words.month} value={<Money micros={data.spend_month_micros} currency={data.currency} />} note={<BudgetNote data={data} />} />
    </Figures>
  );
}

function UsageLink() {
  const words = useOverviewWords();
  if (!useMay("usage.read", "usage.own")) return null;
  return (
    <Link to="/usage" className={styles.more}>
      {words.byModel}
    </Link>
  );
}

function BudgetNote({ data: { limit: limits, currency } }: { data: Schemas["Overview"] }) {
  const words = useOverviewWords();
  const language = useLanguage();
  const limit = limits.monthly_micros;
  const spent = limits.used.monthly_micros;
  if (limit === null) return words.noBudget;
  const share = limit > 0 ? spent / limit : 1;
  return (
    <>
      {words.ofBudget(format.percent(share, language), format.money(limit, currency, language))}
      <Meter value={spent} limit={limit} label={words.month} />
    </>
  );
}
