import type { Schemas } from "@/api/client";
import { change } from "@/features/usage/figures";
import { useUsageWords } from "@/features/usage/words";
import { Figure, Figures } from "@/shared/figure";
import * as format from "@/shared/format";
import { Count, Money, useLanguage } from "@/shared/values";

type Totals = Schemas["UsageTotals"];

/** The sums of the range, exact, each with its change against the time before. */
export function Sums({ totals, before, currency }: { totals: Totals; before: Totals | undefined; currency: string }) {
  const words = useUsageWords();
  const language = useLanguage();
  const note = (pick: (of: Totals) => number) => {
    const share = before ? change(pick(totals), pick(before)) : undefined;
    return share === undefined || Math.abs(share) < 0.0005 ? null : words.compare(`${share >= 0 ? "+" : "−"}${format.percent(Math.abs(share), language)}`);
  };
  return (
    <Figures>
      <Figure name={words.cost} value={<Money exact micros={totals.cost_micros} currency={currency} />} note={note((of) => of.cost_micros)} />
      <Figure name={words.calls} value={<Count value={totals.calls} />} note={note((of) => of.calls)} />
      <Figure
        name={words.input}
        value={<Count short value={totals.input_tokens} />}
        note={
          <>
            {words.cached} <Count short value={totals.cached_input_tokens} />
          </>
        }
      />
      <Figure name={words.output} value={<Count short value={totals.output_tokens} />} note={note((of) => of.output_tokens)} />
      {([["second", totals.seconds], ["character", totals.characters], ["image", totals.images]] as const).map(([unit, value]) =>
        value ? <Figure key={unit} name={words.units[unit]} value={<Count short value={value} />} /> : null,
      )}
      <Figure name={words.failed} value={<Count value={totals.failed} />} note={totals.calls ? format.percent(totals.failed / totals.calls, language) : null} />
    </Figures>
  );
}
