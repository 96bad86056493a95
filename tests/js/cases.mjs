// What the cases of every SDK share. Each script beside this one is run as `node SCRIPT ADDRESS API_KEY POOR_KEY`: a
// running server, a key of it, and one that may spend nothing.
import assert from "node:assert/strict";

export const [address, apiKey, poorKey] = process.argv.slice(2);

export const parameters = {
  type: "object",
  properties: { city: { type: "string", maxLength: 20 } },
  required: ["city"],
  additionalProperties: false,
};
export const writtenCall = { say: '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>' };

/** A question that the stub answers as it is told. */
export const scripted = (stub) => JSON.stringify({ stub });

export async function collected(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

export async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("it did not fail");
}

/** What was read of a stream before it failed, and how it failed. */
export async function broken(stream) {
  const seen = [];
  const read = async () => {
    for await (const each of stream) seen.push(each);
  };
  return { error: await failure(read()), seen };
}

/** Options for an SDK's client with the list that each of its requests is added to. */
export function counted() {
  const tries = [];
  const send = (url, init) => {
    tries.push(url);
    return fetch(url, init);
  };
  return { tries, fetch: send };
}

/** Prints one line of JSON for each case: {"case": …, "ok": …, "reason": …, "ms": …}. */
export async function run(cases) {
  for (const [name, check] of Object.entries(cases)) {
    const began = performance.now();
    let reason = null;
    try {
      await check();
    } catch (error) {
      reason = String(error?.message ?? error);
    }
    console.log(JSON.stringify({ case: name, ok: reason === null, reason, ms: Math.round(performance.now() - began) }));
  }
}
