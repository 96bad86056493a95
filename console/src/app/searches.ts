import { flag, oneOf, ownPath, textIn, type Raw } from "@/shared/search";

/** Every entry of an address may be left out. */
const all = <T extends object>(found: T): Partial<T> => found;

/** What each page keeps in its address. */
export const loginSearch = (raw: Raw) =>
  all({ next: ownPath(raw, "next") });

export const playgroundSearch = (raw: Raw) =>
  all({
    model: textIn(raw, "model"),
    panel: oneOf(raw, "panel", ["parameters", "schema", "tools"]),
  });

export const deploymentsSearch = (raw: Raw) =>
  all({
    tab: oneOf(raw, "tab", ["store"]),
    q: textIn(raw, "q"),
    sort: textIn(raw, "sort"),
    state: textIn(raw, "state"),
    id: textIn(raw, "id"),
    view: oneOf(raw, "view", ["log", "code"]),
  });

export const keysSearch = (raw: Raw) =>
  all({
    q: textIn(raw, "q"),
    sort: textIn(raw, "sort"),
    status: textIn(raw, "status"),
    member: textIn(raw, "member"),
    id: textIn(raw, "id"),
    create: flag(raw, "create"),
  });

export const membersSearch = (raw: Raw) =>
  all({
    q: textIn(raw, "q"),
    sort: textIn(raw, "sort"),
    status: textIn(raw, "status"),
    role: textIn(raw, "role"),
    id: textIn(raw, "id"),
    create: flag(raw, "create"),
  });

const date = (raw: Raw, name: string) => {
  const value = textIn(raw, name);
  return value && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : undefined;
};

export const usageSearch = (raw: Raw) =>
  all({
    tab: oneOf(raw, "tab", ["calls", "prices", "budgets"]),
    range: oneOf(raw, "range", ["d7", "d30", "month", "before"]),
    from: date(raw, "from"),
    to: date(raw, "to"),
    by: oneOf(raw, "by", ["day", "model", "key", "member"]),
    measure: oneOf(raw, "measure", ["cost", "tokens", "calls"]),
    model: textIn(raw, "model"),
    key: textIn(raw, "key"),
    member: textIn(raw, "member"),
    outcome: oneOf(raw, "outcome", ["ok", "failed", "cancelled", "interrupted"]),
    sort: textIn(raw, "sort"),
    id: textIn(raw, "id"),
  });

export const settingsSearch = (raw: Raw) =>
  all({ tab: oneOf(raw, "tab", ["about"]) });
