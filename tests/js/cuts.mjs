// Streams that break, read with the official SDKs, unchanged: `node cuts.mjs ADDRESS API_KEY FAULTS`, where FAULTS is
// JSON: a list of what the stub is told for one stream each. Prints {"DIALECT": {"HOW IT ENDED": count}}.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { address, apiKey, poorKey as faults, scripted } from "./cases.mjs";

const WIDTH = 8;
const options = { apiKey, maxRetries: 0, timeout: 60_000 };
const openai = new OpenAI({ baseURL: `${address}/v1`, ...options });
const anthropic = new Anthropic({ baseURL: address, ...options });
const asked = (fault) => ({ model: "stub", messages: [{ role: "user", content: scripted(fault) }], stream: true });

/** How a stream of each dialect is asked for, and which of its parts says that all was well. */
const dialects = {
  chat: [
    (fault) => openai.chat.completions.create({ ...asked(fault), max_tokens: 8 }),
    (chunk) => chunk.choices[0]?.finish_reason,
  ],
  responses: [
    (fault) => openai.responses.create({ model: "stub", input: scripted(fault), max_output_tokens: 16, stream: true }),
    (event) => ["response.completed", "response.incomplete"].includes(event.type),
  ],
  messages: [
    (fault) => anthropic.messages.create({ ...asked(fault), max_tokens: 8 }),
    (event) => event.type === "message_stop",
  ],
};

async function ended([ask, says], fault) {
  let complete = false;
  try {
    for await (const part of await ask(fault)) complete ||= says(part);
  } catch (error) {
    return error instanceof OpenAI.APIError || error instanceof Anthropic.APIError ? "raised" : String(error);
  }
  return complete ? "complete" : "silently short";
}

const told = {};
for (const [name, dialect] of Object.entries(dialects)) {
  const waiting = JSON.parse(faults).values();
  const ends = (told[name] = {});
  const reader = async () => {
    for (const fault of waiting) {
      const end = await ended(dialect, fault);
      ends[end] = (ends[end] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, reader));
}
console.log(JSON.stringify(told));
