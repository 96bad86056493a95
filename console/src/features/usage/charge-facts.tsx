import type { Schemas } from "@/api/client";
import { useNames } from "@/features/usage/names";
import { CallOutcome } from "@/features/usage/outcome";
import { useUsageWords } from "@/features/usage/words";
import { Figure, Figures } from "@/shared/figure";
import * as format from "@/shared/format";
import { useKindWords } from "@/shared/kind-words";
import { Facts } from "@/shared/panel";
import { Count, Money, useLanguage } from "@/shared/values";

/** What calls without tokens are counted in. */
const counted: Partial<Record<Schemas["Charge"]["kind"], "second" | "character" | "image">> = { transcriptions: "second", speech: "character", images: "image" };

/** What the ledger knows of a call whose trace is gone. */
export function ChargeFacts({ charge }: { charge: Schemas["Charge"] }) {
  const words = useUsageWords();
  const kinds = useKindWords();
  const names = useNames();
  const language = useLanguage();
  const unit = counted[charge.kind];
  return (
    <>
      <div>
        <CallOutcome call={charge} />
      </div>
      <Figures>
        <Figure name={words.cost} value={<Money micros={charge.cost_micros} currency={charge.currency} />} />
        <Figure name={words.duration} value={format.duration(charge.duration_ms, language)} />
        <Figure name={words.firstToken} value={charge.first_token_ms === null ? "–" : format.duration(charge.first_token_ms, language)} />
      </Figures>
      <Facts
        rows={[
          [words.model, charge.model],
          [words.kind, kinds[charge.kind]],
          [words.key, names.key(charge.key_id)],
          [words.member, names.member(charge.member_id)],
          [words.input, <Count key="i" value={charge.input_tokens} />],
          [words.cached, <Count key="c" value={charge.cached_input_tokens} />],
          [words.output, <Count key="o" value={charge.output_tokens} />],
          unit !== undefined && [words.units[unit], <Count key="u" value={charge.units} />],
          [words.stream, charge.stream ? words.yes : words.no],
          charge.error_code !== null && [words.error, <code key="e">{charge.error_code}</code>],
          [words.opened, format.time(charge.opened_at, "full", language)],
          [words.charged, format.time(charge.charged_at, "full", language)],
          [words.priceVersion, charge.price_version],
        ]}
      />
      {charge.estimated ? <p className="muted small">{words.estimated}</p> : null}
    </>
  );
}
