import type { Message } from "@/features/playground/thread";

/** What the panel beside the chat sets. Texts stay texts until they are sent, so that half-written JSON survives. */
export interface Settings {
  system: string;
  temperature: number | null;
  topP: number | null;
  maxTokens: number | null;
  seed: number | null;
  stop: readonly string[];
  schemaOn: boolean;
  schema: string;
  toolsOn: boolean;
  tools: string;
  toolChoice: string;
}

export const exampleSchema = JSON.stringify(
  {
    type: "object",
    properties: { city: { type: "string" }, population: { type: "integer" } },
    required: ["city", "population"],
    additionalProperties: false,
  },
  null,
  2,
);

export const exampleTools = JSON.stringify(
  [
    {
      type: "function",
      function: {
        name: "get_weather",
        description: "The weather in a city now",
        parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      },
    },
  ],
  null,
  2,
);

export const freshSettings: Settings = {
  system: "",
  temperature: null,
  topP: null,
  maxTokens: null,
  seed: null,
  stop: [],
  schemaOn: false,
  schema: exampleSchema,
  toolsOn: false,
  tools: exampleTools,
  toolChoice: "auto",
};

type JsonObject = { readonly [name: string]: unknown };
export type Parsed<T> = { ok: true; value: T } | { ok: false; fault: "json" | "shape"; detail: string };

const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

function parse(text: string): Parsed<unknown> {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { ok: false, fault: "json", detail: error instanceof Error ? error.message : String(error) };
  }
}

export function parseSchema(text: string): Parsed<JsonObject> {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  if (!isObject(parsed.value)) return { ok: false, fault: "shape", detail: "{…}" };
  return { ok: true, value: parsed.value };
}

/** A list of functions as OpenAI's API takes it; `detail` names the entry that is wrong. */
export function parseTools(text: string): Parsed<JsonObject[]> {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  if (!Array.isArray(parsed.value) || parsed.value.length === 0) return { ok: false, fault: "shape", detail: "[{…}]" };
  const entries: unknown[] = parsed.value;
  const wrong = entries.findIndex((entry) => toolName(entry) === undefined);
  if (wrong >= 0) return { ok: false, fault: "shape", detail: `[${wrong}].function.name` };
  return { ok: true, value: entries as JsonObject[] };
}

export function toolName(entry: unknown): string | undefined {
  const inner = isObject(entry) && entry["type"] === "function" ? entry["function"] : undefined;
  const name = isObject(inner) ? inner["name"] : undefined;
  return typeof name === "string" && /^[\w-]{1,64}$/.test(name) ? name : undefined;
}

export function toolNames(settings: Settings): string[] {
  const tools = parseTools(settings.tools);
  return tools.ok ? tools.value.map((entry) => toolName(entry) ?? "") : [];
}

/** Whether what is switched on can be sent. */
export function sendable(settings: Settings): boolean {
  return (!settings.schemaOn || parseSchema(settings.schema).ok) && (!settings.toolsOn || parseTools(settings.tools).ok);
}

export interface ChatRequest {
  model: string;
  messages: Message[];
  stream: true;
  stream_options: { include_usage: true };
  [parameter: string]: unknown;
}

function choiceOf({ toolChoice }: Settings): unknown {
  if (toolChoice === "auto" || toolChoice === "none" || toolChoice === "required") return toolChoice;
  return { type: "function", function: { name: toolChoice } };
}

/** The body of the call. What is left at its default is left out. */
export function chatRequest(model: string, sent: Message[], settings: Settings): ChatRequest {
  const schema = parseSchema(settings.schema);
  const tools = parseTools(settings.tools);
  return {
    model,
    messages: sent,
    ...(settings.temperature === null ? {} : { temperature: settings.temperature }),
    ...(settings.topP === null ? {} : { top_p: settings.topP }),
    ...(settings.maxTokens === null ? {} : { max_tokens: settings.maxTokens }),
    ...(settings.seed === null ? {} : { seed: settings.seed }),
    ...(settings.stop.length ? { stop: [...settings.stop] } : {}),
    ...(settings.schemaOn && schema.ok
      ? { response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema: schema.value } } }
      : {}),
    ...(settings.toolsOn && tools.ok ? { tools: tools.value, tool_choice: choiceOf(settings) } : {}),
    stream: true,
    stream_options: { include_usage: true },
  };
}
