/** 'View code': a request of the model API as curl, Python and JavaScript, with the reader's own address. */
export interface Snippet {
  id: "curl" | "python" | "javascript";
  label: string;
  language: "shell" | "python" | "javascript";
  text: string;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };
export type ModelCall = { readonly path: "chat/completions" | "completions" | "embeddings"; readonly body: { readonly [name: string]: Json | undefined } };

const methods = {
  "chat/completions": "chat.completions.create",
  completions: "completions.create",
  embeddings: "embeddings.create",
} as const;

/** A Python literal. Strings take JSON's escapes, which Python reads the same. */
export function pythonLiteral(value: Json, indent = ""): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}    `;
  const parts = Array.isArray(value)
    ? value.map((item: Json) => pythonLiteral(item, inner))
    : Object.entries(value)
        .filter((entry): entry is [string, Json] => entry[1] !== undefined)
        .map(([name, item]) => `${JSON.stringify(name)}: ${pythonLiteral(item, inner)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const line = open + parts.join(", ") + close;
  if (line.length + indent.length <= 72 && !line.includes("\n")) return line;
  return `${open}\n${parts.map((part) => `${inner}${part},`).join("\n")}\n${indent}${close}`;
}

const quoteForShell = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function curl(base: string, key: string, { path, body }: ModelCall): string {
  return [
    `curl ${base}/v1/${path} \\`,
    `  -H "Authorization: Bearer ${key}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d ${quoteForShell(JSON.stringify(body, null, 2))}`,
  ].join("\n");
}

function python(base: string, key: string, { path, body }: ModelCall): string {
  const named = Object.entries(body)
    .filter((entry): entry is [string, Json] => entry[1] !== undefined)
    .map(([name, value]) => `    ${name}=${pythonLiteral(value, "    ")},`);
  const call = `client.${methods[path]}(\n${named.join("\n")}\n)`;
  return [
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${base}/v1", api_key="${key}")`,
    "",
    ...pythonTail(path, call, body["stream"] === true),
  ].join("\n");
}

function pythonTail(path: ModelCall["path"], call: string, stream: boolean): string[] {
  if (path === "embeddings") return [`answer = ${call}`, "print(len(answer.data[0].embedding))"];
  const piece = path === "completions" ? "text" : "delta.content";
  if (!stream) return [`answer = ${call}`, `print(answer.choices[0].${path === "completions" ? "text" : "message.content"})`];
  return [`for chunk in ${call}:`, "    if chunk.choices:", `        print(chunk.choices[0].${piece} or "", end="", flush=True)`];
}

function javascript(base: string, key: string, { path, body }: ModelCall): string {
  const call = `await client.${methods[path]}(${JSON.stringify(body, null, 2)})`;
  return [
    'import OpenAI from "openai";',
    "",
    `const client = new OpenAI({ baseURL: "${base}/v1", apiKey: "${key}" });`,
    "",
    ...javascriptTail(path, call, body["stream"] === true),
  ].join("\n");
}

function javascriptTail(path: ModelCall["path"], call: string, stream: boolean): string[] {
  if (path === "embeddings") return [`const answer = ${call};`, "console.log(answer.data[0].embedding.length);"];
  const piece = path === "completions" ? "text" : "delta?.content";
  if (!stream) {
    return [`const answer = ${call};`, `console.log(answer.choices[0].${path === "completions" ? "text" : "message.content"});`];
  }
  return [
    `const stream = ${call};`,
    "for await (const chunk of stream) {",
    `  process.stdout.write(chunk.choices[0]?.${piece} ?? "");`,
    "}",
  ];
}

/** `key` is a placeholder unless the caller has just been shown a secret. */
export function snippets(base: string, call: ModelCall, key = "YOUR_API_KEY"): Snippet[] {
  return [
    { id: "curl", label: "curl", language: "shell", text: curl(base, key, call) },
    { id: "python", label: "Python", language: "python", text: python(base, key, call) },
    { id: "javascript", label: "JavaScript", language: "javascript", text: javascript(base, key, call) },
  ];
}

/** Whether a model of these kinds is called with text alone, so that `firstCall` can show it. */
export const hasFirstCall = (kinds: readonly string[]): boolean => ["chat", "embeddings", "completions"].some((kind) => kinds.includes(kind));

/** The smallest call that shows a model of this kind at work. */
export function firstCall(model: string, kinds: readonly string[], greeting: string): ModelCall {
  if (kinds.includes("chat")) return { path: "chat/completions", body: { model, messages: [{ role: "user", content: greeting }] } };
  if (kinds.includes("embeddings")) return { path: "embeddings", body: { model, input: [greeting] } };
  return { path: "completions", body: { model, prompt: greeting } };
}
