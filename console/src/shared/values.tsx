import { createContext, use, useEffect, useState, type ReactNode } from "react";
import * as format from "@/shared/format";
import { usePreferences } from "@/shared/preferences";
import type { Language } from "@/shared/words";

export function useLanguage(): Language {
  return usePreferences().language;
}

/** The clock of the page: one tick for every relative time on it. */
const NowContext = createContext(0);

export function NowProvider({ children }: { children: ReactNode }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return <NowContext value={now}>{children}</NowContext>;
}

export const useNow = (): number => use(NowContext);

/** A value once it has rested: what is typed is not asked for letter by letter. */
export function useSettled<T>(value: T, ms = 200): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** "3 minutes ago", with the moment itself on hover. What happened since the last tick is "now", never the future. */
export function Ago({ at }: { at: string }) {
  const language = useLanguage();
  const now = useNow();
  return (
    <time dateTime={at} title={format.time(at, "full", language)}>
      {format.ago(at, Math.max(now, Math.min(Date.parse(at), now + 10_000)), language)}
    </time>
  );
}

export function DateOnly({ at }: { at: string }) {
  const language = useLanguage();
  return (
    <time dateTime={at} title={format.time(at, "full", language)}>
      {format.time(at, "date", language)}
    </time>
  );
}

/** An amount for reading; the exact one is on hover. */
export function Money({ micros, currency, exact = false }: { micros: number; currency: string; exact?: boolean }) {
  const language = useLanguage();
  const whole = format.exactMoney(micros, currency, language);
  return <span title={whole}>{exact ? whole : format.money(micros, currency, language)}</span>;
}

export function Count({ value, short = false }: { value: number; short?: boolean }) {
  const language = useLanguage();
  const whole = format.integer(value, language);
  return <span title={short ? whole : undefined}>{short ? format.compact(value, language) : whole}</span>;
}
