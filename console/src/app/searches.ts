import { optionsIn, planIn } from "@/features/planner/names";
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

export const batchesSearch = (raw: Raw) =>
  all({
    q: textIn(raw, "q"),
    sort: textIn(raw, "sort"),
    status: textIn(raw, "status"),
    id: textIn(raw, "id"),
    view: oneOf(raw, "view", ["code"]),
    create: flag(raw, "create"),
  });

const modelViews = ["variants", "licence", "versions"] as const;

export const storeSearch = (raw: Raw) =>
  all({
    q: textIn(raw, "q"),
    sort: textIn(raw, "sort"),
    here: textIn(raw, "here"),
    task: textIn(raw, "task"),
    size: textIn(raw, "size"),
    use: textIn(raw, "use"),
    family: textIn(raw, "family"),
    engine: textIn(raw, "engine"),
    access: textIn(raw, "access"),
    level: textIn(raw, "level"),
    pick: textIn(raw, "pick"),
    id: textIn(raw, "id"),
    view: oneOf(raw, "view", modelViews),
    create: flag(raw, "create"),
  });

export const comparisonSearch = (raw: Raw) => all({ ids: textIn(raw, "ids"), different: flag(raw, "different") });

export const modelSearch = (raw: Raw) => all({ view: oneOf(raw, "view", modelViews) });

const deploymentViews = ["log", "history", "code"] as const;

export const deploymentsSearch = (raw: Raw) =>
  all({
    tab: oneOf(raw, "tab", ["engines"]),
    q: textIn(raw, "q"),
    sort: textIn(raw, "sort"),
    state: textIn(raw, "state"),
    engine: textIn(raw, "engine"),
    id: textIn(raw, "id"),
    view: oneOf(raw, "view", deploymentViews),
    edit: flag(raw, "edit"),
    create: flag(raw, "create"),
    model: textIn(raw, "model"),
    variant: textIn(raw, "variant"),
  });

export const deploymentSearch = (raw: Raw) => all({ view: oneOf(raw, "view", deploymentViews) });

export const providersSearch = (raw: Raw) =>
  all({
    tab: oneOf(raw, "tab", ["routes"]),
    q: textIn(raw, "q"),
    sort: textIn(raw, "sort"),
    state: textIn(raw, "state"),
    vendor: textIn(raw, "vendor"),
    kind: textIn(raw, "kind"),
    id: textIn(raw, "id"),
    view: oneOf(raw, "view", ["code"]),
    create: flag(raw, "create"),
  });

export const plannerSearch = (raw: Raw) =>
  all({
    tab: oneOf(raw, "tab", ["train", "compare"]),
    ask: oneOf(raw, "ask", ["accelerators"]),
    pay: oneOf(raw, "pay", ["owned", "rented"]),
    options: optionsIn(raw),
    of: textIn(raw, "of"),
    working: flag(raw, "working"),
    q: textIn(raw, "q"),
    sort: textIn(raw, "sort"),
    origin: textIn(raw, "origin"),
    mark: textIn(raw, "mark"),
    view: oneOf(raw, "view", ["code", "use"]),
    ...planIn(raw),
  });

export const nodesSearch = (raw: Raw) =>
  all({
    q: textIn(raw, "q"),
    sort: textIn(raw, "sort"),
    id: textIn(raw, "id"),
    range: oneOf(raw, "range", ["h6", "d1", "d7", "d14"]),
    measure: oneOf(raw, "measure", ["memory", "power", "energy"]),
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
    tab: oneOf(raw, "tab", ["calls", "limits", "prices"]),
    range: oneOf(raw, "range", ["d7", "d30", "month", "before"]),
    from: date(raw, "from"),
    to: date(raw, "to"),
    by: oneOf(raw, "by", ["day", "model", "key", "member"]),
    q: textIn(raw, "q"),
    scope: textIn(raw, "scope"),
    use: oneOf(raw, "use", ["near", "full"]),
    measure: oneOf(raw, "measure", ["cost", "tokens", "calls"]),
    model: textIn(raw, "model"),
    key: textIn(raw, "key"),
    member: textIn(raw, "member"),
    outcome: oneOf(raw, "outcome", ["ok", "failed", "cancelled", "interrupted", "refused"]),
    sort: textIn(raw, "sort"),
    id: textIn(raw, "id"),
  });

export const settingsSearch = (raw: Raw) =>
  all({ tab: oneOf(raw, "tab", ["about"]) });
