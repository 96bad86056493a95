/** An error of the server as its problem+json tells it, or of the way there. Screens show `message` and `remedy`. */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string | undefined;
  readonly requestId: string | undefined;
  readonly fields: readonly FieldError[];

  constructor(facts: {
    status: number;
    code: string;
    message: string;
    remedy?: string | undefined;
    requestId?: string | undefined;
    fields?: readonly FieldError[];
  }) {
    super(facts.message);
    this.name = "ProblemError";
    this.status = facts.status;
    this.code = facts.code;
    this.remedy = facts.remedy;
    this.requestId = facts.requestId;
    this.fields = facts.fields ?? [];
  }
}

export interface FieldError {
  /** The name of the field in the body that was sent. */
  field: string;
  message: string;
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

function fieldErrors(value: unknown): FieldError[] {
  if (!Array.isArray(value)) return [];
  return value.map((entry: unknown) => {
    const { field, loc, param, message, msg } = record(entry);
    const place = Array.isArray(loc) ? loc.filter((part) => part !== "body").join(".") : undefined;
    return { field: text(field) ?? text(param) ?? place ?? "", message: text(message) ?? text(msg) ?? "" };
  });
}

/** Both dialects: RFC 9457 of /api and OpenAI's `{"error": {...}}` of /v1. */
export function problemFrom(status: number, body: unknown, requestId?: string | null): ProblemError {
  const whole = record(body);
  const inner = "error" in whole ? record(whole["error"]) : whole;
  return new ProblemError({
    status,
    code: text(inner["code"]) ?? "unexpected",
    message: text(inner["detail"]) ?? text(inner["message"]) ?? text(inner["title"]) ?? "",
    remedy: text(inner["remedy"]),
    requestId: requestId ?? text(inner["instance"]),
    fields: fieldErrors(inner["errors"]),
  });
}

/** What a rejected promise carried, as a problem. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof TypeError) return new ProblemError({ status: 0, code: "unreachable", message: "" });
  return new ProblemError({ status: 0, code: "broken", message: error instanceof Error ? error.message : String(error) });
}
