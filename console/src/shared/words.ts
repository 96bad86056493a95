import { usePreferences, type Preferences } from "@/shared/preferences";

export type Language = Preferences["language"];

/** A text, or a text with parts to fill in, or a group of such. */
type Entry = string | readonly string[] | ((...parts: never[]) => string) | { readonly [name: string]: Entry };

/** The same keys and the same parameters, other words. */
type Same<T> = T extends string
  ? string
  : T extends readonly string[]
    ? readonly string[]
    : T extends (...parts: infer P) => string
      ? (...parts: P) => string
      : { readonly [K in keyof T]: Same<T[K]> };

/** A dictionary in both languages; `zh` must have exactly the keys of `en`. The result is a hook for the reader's words. */
export function words<const T extends { readonly [name: string]: Entry }>(both: { en: T; zh: Same<T> }): (language?: Language) => Same<T> {
  const texts = both as unknown as Record<Language, Same<T>>;
  return function useWords(language) {
    const { language: own } = usePreferences();
    return texts[language ?? own];
  };
}
