import { useSyncExternalStore } from "react";

/** What a reader chooses for this browser: the language, the theme, the density of lists. Kept in local storage. */
export interface Preferences {
  language: "zh" | "en";
  /** False until somebody chose: then the language is the browser's, or the member's. */
  languageChosen: boolean;
  theme: "light" | "dark" | "system";
  density: "comfortable" | "compact";
  /** Per list, the columns that are not shown. */
  hidden: Record<string, readonly string[]>;
}

const place = "jixi.preferences";
const listeners = new Set<() => void>();
let current: Preferences | undefined;

function stored(): Partial<Preferences> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(place) ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

export function preferences(): Preferences {
  current ??= {
    language: navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en",
    languageChosen: false,
    theme: "system",
    density: "comfortable",
    hidden: {},
    ...stored(),
  };
  return current;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...preferences(), ...change, ...(change.language ? { languageChosen: true } : {}) };
  try {
    localStorage.setItem(place, JSON.stringify(current));
  } catch {
    // Storage may be switched off; the choice then lasts as long as the page.
  }
  for (const listener of listeners) listener();
}

/** The member's own language, taken over where this browser has no choice yet. */
export function suggestLanguage(language: string): void {
  if (preferences().languageChosen || (language !== "zh" && language !== "en")) return;
  if (preferences().language === language) return;
  current = { ...preferences(), language };
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, preferences);
}

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}

export function useScheme(): "light" | "dark" {
  const { theme } = usePreferences();
  const dark = useMedia("(prefers-color-scheme: dark)");
  return theme === "system" ? (dark ? "dark" : "light") : theme;
}

export const useStill = (): boolean => useMedia("(prefers-reduced-motion: reduce)");
export const usePhone = (): boolean => useMedia("(max-width: 767px)");
export const useNarrow = (): boolean => useMedia("(max-width: 1099px)");
