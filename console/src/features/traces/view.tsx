import { endOf, wasRefused, type Trace } from "@/features/traces/phases";
import { useTraceWords } from "@/features/traces/words";
import { useNames } from "@/features/usage/names";
import { CallOutcome } from "@/features/usage/outcome";
import { useUsageWords } from "@/features/usage/words";
import { Id } from "@/shared/copy";
import { Notice } from "@/shared/states";
import { Figure, Figures } from "@/shared/figure";
import * as format from "@/shared/format";
import { useKindWords } from "@/shared/kind-words";
import { Facts } from "@/shared/panel";
import { Tag } from "@/shared/status";
import { Count, Money, useLanguage } from "@/shared/values";

/** How the call ended, and whether the cache answered it. */
export function TraceOutcome({ trace }: { trace: Trace }) {
  const words = useTraceWords();
  return (
    <span>
      <CallOutcome call={trace} refused={wasRefused(trace)} /> {trace.replayed ? <Tag title={words.replayedHelp}>{words.replayed}</Tag> : null}
    </span>
  );
}

/** Why it failed, and what to do. */
export function TraceError({ error }: { error: Trace["error"] }) {
  if (!error) return null;
  return (
    <Notice level="error">
      <p>{error.message}</p>
      {error.remedy ? <p>{error.remedy}</p> : null}
    </Notice>
  );
}

/** The figures that decide; where there is little room, without the speed. */
export function TraceFigures({ trace, few = false }: { trace: Trace; few?: boolean }) {
  const words = useUsageWords();
  const language = useLanguage();
  const first = trace.marks["first_token"];
  const last = trace.marks["last_token"];
  const seconds = first !== undefined && last !== undefined ? (last - first) / 1000 : 0;
  // Tokens that came at once have no speed.
  const speed = !few && trace.output_tokens > 1 && seconds > 0.05 ? trace.output_tokens / seconds : null;
  return (
    <Figures>
      <Figure name={words.cost} value={trace.currency ? <Money micros={trace.cost_micros} currency={trace.currency} /> : "–"} />
      <Figure name={words.duration} value={format.fineDuration(endOf(trace), language)} />
      <Figure name={words.firstToken} value={first === undefined ? "–" : format.fineDuration(first, language)} />
      <Figure
        name={words.tokens}
        value={
          <>
            <Count value={trace.input_tokens} /> / <Count value={trace.output_tokens} />
          </>
        }
        note={trace.cached_input_tokens ? <>{words.cached} <Count value={trace.cached_input_tokens} /></> : null}
      />
      {speed === null ? null : <Figure name={words.speed} value={format.rate(speed, language)} unit={words.speedUnit} />}
    </Figures>
  );
}

export function TraceFacts({ trace }: { trace: Trace }) {
  const words = useTraceWords();
  const usage = useUsageWords();
  const kinds = useKindWords();
  const names = useNames();
  const language = useLanguage();
  return (
    <>
      <Facts
        rows={[
          [words.requestId, <Id key="i" value={trace.request_id} />],
          [words.asked, trace.model],
          trace.target !== null && trace.target !== trace.model && [words.target, trace.target],
          [usage.kind, kinds[trace.kind]],
          [words.dialect, words.dialects[trace.dialect]],
          [usage.stream, trace.stream ? usage.yes : usage.no],
          [usage.key, names.key(trace.key_id)],
          [usage.member, names.member(trace.member_id)],
          [words.tier, format.time(trace.began_at, "full", language)],
          trace.error_code !== null && [usage.error, <code key="e">{trace.error_code}</code>],
        ]}
      />
      {trace.estimated ? <p className="muted small">{usage.estimated}</p> : null}
    </>
  );
}
