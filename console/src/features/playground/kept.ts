const prefix = "jixi.playground.";

/** What this tab remembers over a reload; it goes with the tab, and with signing out. */
export function keep(name: string, value: unknown): void {
  try {
    sessionStorage.setItem(prefix + name, JSON.stringify(value));
  } catch {
    // Full or switched off: then it lasts as long as the page.
  }
}

export function kept<T>(name: string): T | undefined {
  try {
    const text = sessionStorage.getItem(prefix + name);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
