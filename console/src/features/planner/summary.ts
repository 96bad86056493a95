import { gib, shown, valueIn, trainingParts, type Sheet } from "@/features/planner/figures";
import type { Comparison, Figure, Moved, Serving, Tornado, Training } from "@/features/planner/queries";
import { useFieldLabels } from "@/features/planner/labels";
import { useSummaryWords } from "@/features/planner/summary-words";
import { usePlannerWords } from "@/features/planner/words";
import * as format from "@/shared/format";
import { useLanguage } from "@/shared/values";

/** What it is about, and what is said of it. */
export type Said = readonly [title: string, sentences: string];

const joined = (language: string, sentences: readonly (string | undefined)[]): string => sentences.filter(Boolean).join(language === "zh" ? "" : " ");

export function useServingSummary(plan: Serving, sheet: Sheet, chip: string, tornado: Tornado | undefined): Said[] {
  const words = useSummaryWords();
  const language = useLanguage();
  const cost = useCost();
  const sure = useSure();
  const count = (value: number) => format.integer(value, language);
  const text = (name: string) => told(sheet, name, language);
  const cards = count(plan.accelerators);
  const used = (valueIn(sheet, "output_rate") ?? 0) / (valueIn(sheet, "most_output_rate") || 1);
  return [
    [
      words.take,
      joined(language, [
        plan.capacity ? words.have(cards, chip, count(plan.capacity.users), count(plan.capacity.longest_context)) : words.serve(cards, chip, count(valueIn(sheet, "users") ?? 0)),
        words.replicas(plan.replicas, plan.replica),
        words.waits(text("first_token_seconds"), text("token_seconds").replace("/token", "")),
      ]),
    ],
    [words.cost, cost(sheet, plan.currency, words.month)],
    [words.limit, joined(language, [words.limits[plan.limit], words.room(format.percent(used, language))])],
    [words.sure, sure(plan.figures, plan.currency, tornado)],
  ];
}

export function useTrainingSummary(plan: Training, sheet: Sheet, chip: string, tornado: Tornado | undefined): Said[] {
  const words = useSummaryWords();
  const parts = usePlannerWords().parts;
  const language = useLanguage();
  const cost = useCost();
  const sure = useSure();
  const { tensor, pipeline, data, zero } = plan.layout;
  const largest = trainingParts(sheet).toSorted((a, b) => b.bytes - a.bytes)[0]?.key ?? "";
  return [
    [
      words.take,
      joined(language, [
        words.train(format.integer(valueIn(sheet, "accelerators") ?? 0, language), chip, format.calculated(valueIn(sheet, "days") ?? 0, language)),
        words.layout(tensor, pipeline, data, zero),
      ]),
    ],
    [words.cost, cost(sheet, plan.currency, words.run)],
    [
      words.limit,
      joined(language, [words.timeRoom, words.memoryRoom(gib(valueIn(sheet, "needed") ?? 0, language), gib(valueIn(sheet, "usable") ?? 0, language), (parts[largest] ?? largest).toLowerCase())]),
    ],
    [words.sure, sure(plan.figures, plan.currency, tornado)],
  ];
}

export function useComparisonSummary(found: Comparison, moved: Moved | undefined): Said[] {
  const words = useSummaryWords();
  const language = useLanguage();
  const sure = useSure();
  const million = (value: number) => format.calculated(value, language);
  const money = (value: number) => format.estimate(value, found.currency, language);
  const [best, next] = found.options;
  if (!best) return [];
  const led = found.break_evens.filter(({ above, reached }) => above === best.name && reached).map(({ million_tokens: from, below }) => words.led(million(from), below));
  const turn = found.break_evens.filter(({ below, reached }) => below === best.name && reached).toSorted((a, b) => a.million_tokens - b.million_tokens)[0];
  const { most_million_tokens: most } = best;
  const all = [...new Map(found.options.flatMap(({ figures }) => figures).map((figure) => [`${figure.name} ${figure.value}`, figure])).values()];
  return [
    [words.take, joined(language, [words.best(best.name, money(best.month), million(found.million_tokens)), next ? words.next(next.name, money(next.month - best.month)) : words.only])],
    [words.cost, joined(language, [...led, turn && turn.million_tokens > found.million_tokens ? words.turn(turn.above, million(turn.million_tokens)) : words.noTurn])],
    [words.limit, most === null ? words.anyVolume : words.most(million(most), format.percent(found.million_tokens / most, language))],
    [words.sure, sure(all, found.currency, moved)],
  ];
}

const told = (sheet: Sheet, name: string, language: "zh" | "en"): string => {
  const figure = sheet.get(name);
  if (!figure) return "–";
  return shown(figure.unit === "s/token" ? { value: figure.value, unit: "s" } : figure, language);
};

/** What it costs to buy and to rent, as far as there are prices. */
function useCost(): (sheet: Sheet, currency: string, period: string) => string {
  const words = useSummaryWords();
  const language = useLanguage();
  return (sheet, currency, period) => {
    const money = (name: string) => {
      const value = valueIn(sheet, name);
      return value === undefined ? undefined : format.estimate(value, currency, language);
    };
    const [owned, rented] = [money("owned_cost"), money("rented_cost")];
    if (!owned && !rented) return words.noCost;
    const ways = [owned && `${words.owned(owned, period)}${language === "zh" ? `（${words.bought}）` : ` (${words.bought})`}`, rented && words.rented(rented, period)].filter(Boolean).join(language === "zh" ? "，" : ", ");
    const costs = [money("owned_million"), money("rented_million")].filter(Boolean).join(words.or);
    return joined(language, [`${ways.slice(0, 1).toUpperCase()}${ways.slice(1)}${language === "zh" ? "。" : "."}`, costs && words.million(costs)]);
  };
}

/** How many figures nobody vouches for, and what the cost hangs on most. */
function useSure(): (figures: readonly Figure[], currency: string, moved: Moved | undefined) => string {
  const words = useSummaryWords();
  const language = useLanguage();
  const labels = useFieldLabels();
  return (figures, currency, moved) => {
    const [first, second] = moved?.swings ?? [];
    const named = [first, second].flatMap((swing) => (swing && swing.result_low !== swing.result_high ? [words.quoted(labels(swing.name))] : []));
    const ends = first ? [first.result_low, first.result_high].toSorted((a, b) => a - b).map((cost) => format.estimate(cost, currency, language)) : [];
    const hangs = ends[0] && ends[1] ? words.hangs(named.join(words.and), ends[0], ends[1]) : undefined;
    return joined(language, [words.assumed(figures.filter(({ marked }) => marked).length, figures.length), hangs]);
  };
}
