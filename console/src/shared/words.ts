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

export interface Words<T> {
  (): Same<T>;
  in(language: Language): Same<T>;
}

/** A dictionary in both languages; `zh` must have exactly the keys of `en`. Call the result as a hook. */
export function words<const T extends { readonly [name: string]: Entry }>(both: { en: T; zh: Same<T> }): Words<T> {
  const texts = (language: Language): Same<T> => (language === "zh" ? both.zh : (both.en as unknown as Same<T>));
  const useWords = () => texts(usePreferences().language);
  return Object.assign(useWords, { in: texts });
}
