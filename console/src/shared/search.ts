/** Reading an address: what is not understood is left out, so that an old or mistyped link still opens. */
export type Raw = Record<string, unknown>;

export function textIn(raw: Raw, name: string): string | undefined {
  const value = raw[name];
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function oneOf<const T extends string>(raw: Raw, name: string, values: readonly T[]): T | undefined {
  return values.find((value) => value === raw[name]);
}

export function flag(raw: Raw, name: string): true | undefined {
  return raw[name] === true || raw[name] === "true" || raw[name] === 1 ? true : undefined;
}

/** A path of this console to go back to; never another site. */
export function ownPath(raw: Raw, name: string): string | undefined {
  const value = textIn(raw, name);
  return value && /^\/(?![/\\])/.test(value) ? value : undefined;
}
