import type { Charge } from "@/features/usage/calls-tab";
import type { Names } from "@/features/usage/names";
import { CallOutcome } from "@/features/usage/outcome";
import { useUsageWords } from "@/features/usage/words";
import { Id } from "@/shared/copy";
import { Figure, Figures } from "@/shared/figure";
import * as format from "@/shared/format";
import { Facts, Panel } from "@/shared/panel";
import { Count, Money, useLanguage } from "@/shared/values";

export function CallDetail({ call, names, onClose }: { call: Charge; names: Names; onClose: () => void }) {
  const words = useUsageWords();
  const language = useLanguage();
  const seconds = (call.duration_ms - (call.first_token_ms ?? 0)) / 1000;
  return (
    <Panel open title={words.call} subtitle={<Id value={call.request_id} />} onClose={onClose}>
      <div>
        <CallOutcome call={call} />
      </div>
      <Figures>
        <Figure name={words.cost} value={<Money micros={call.cost_micros} currency={call.currency} />} />
        <Figure name={words.duration} value={format.duration(call.duration_ms, language)} />
        <Figure name={words.firstToken} value={call.first_token_ms === null ? "–" : format.duration(call.first_token_ms, language)} />
      </Figures>
      <Facts
        rows={[
          [words.model, call.model],
          [words.kind, words.kinds[call.kind]],
          [words.key, names.key(call.key_id)],
          [words.member, names.member(call.member_id)],
          [words.input, <Count key="i" value={call.input_tokens} />],
          [words.cached, <Count key="c" value={call.cached_input_tokens} />],
          [words.output, <Count key="o" value={call.output_tokens} />],
          call.output_tokens > 1 && seconds > 0 && [words.speed, `${format.rate(call.output_tokens / seconds, language)} ${words.speedUnit}`],
          [words.stream, call.stream ? words.yes : words.no],
          call.error_code !== null && [words.error, <code key="e">{call.error_code}</code>],
          [words.opened, format.time(call.opened_at, "full", language)],
          [words.charged, format.time(call.charged_at, "full", language)],
          [words.priceVersion, call.price_version],
        ]}
      />
      {call.estimated ? <p className="muted small">{words.estimated}</p> : null}
    </Panel>
  );
}
