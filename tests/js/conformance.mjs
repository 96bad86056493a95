// The official JavaScript SDK, unchanged, against a running server: `node conformance.mjs BASE_URL API_KEY`.
// Prints one line of JSON for each case: {"case": …, "ok": …, "reason": …}.
import assert from "node:assert/strict";
import OpenAI from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "user", content: "Say hello to the king." }];
const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const weather = { type: "function", function: { name: "get_weather", parameters } };
const chat = (options) => client.chat.completions.create({ model: "smollm2", messages, temperature: 0, ...options });

async function collected(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("it did not fail");
}

const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");

const cases = {
  async "models are listed and found"() {
    const { data } = await client.models.list();
    assert.deepEqual(data.map((model) => model.id).sort(), ["e5", "smollm2", "stub"]);
    assert.equal((await client.models.retrieve("e5")).id, "e5");
  },
  async "a chat has an answer and a usage"() {
    const { data, response } = await chat({ max_tokens: 8 }).withResponse();
    assert.ok(data.choices[0].message.content);
    assert.equal(data.usage.total_tokens, data.usage.prompt_tokens + data.usage.completion_tokens);
    assert.ok(response.headers.get("x-request-id").startsWith("req_"));
  },
  async "a stream says the same and ends with its usage"() {
    const whole = await chat({ max_completion_tokens: 12 });
    const options = { max_completion_tokens: 12, stream: true, stream_options: { include_usage: true } };
    const chunks = await collected(await chat(options));
    assert.equal(textOf(chunks), whole.choices[0].message.content);
    assert.equal(chunks.at(-1).usage.completion_tokens, whole.usage.completion_tokens);
  },
  async "a seed repeats itself"() {
    const say = async () => (await chat({ seed: 3, temperature: 1, top_p: 0.9, max_tokens: 12 })).choices[0];
    assert.equal((await say()).message.content, (await say()).message.content);
  },
  async "n gives two answers"() {
    const { choices } = await chat({ n: 2, max_tokens: 4 });
    assert.deepEqual(choices.map((choice) => choice.index), [0, 1]);
  },
  async "a stop sequence ends the answer"() {
    const whole = (await chat({ max_tokens: 24 })).choices[0].message.content;
    const word = whole.split(/\s+/)[2];
    const { choices } = await chat({ max_tokens: 24, stop: [word] });
    assert.equal(choices[0].message.content.trim(), whole.slice(0, whole.indexOf(word)).trim());
    assert.equal(choices[0].finish_reason, "stop");
  },
  async "logprobs come with their rivals"() {
    const { choices } = await chat({ max_tokens: 3, logprobs: true, top_logprobs: 2 });
    assert.equal(choices[0].logprobs.content.length, 3);
    assert.equal(choices[0].logprobs.content[0].top_logprobs.length, 2);
  },
  async "a JSON object is one"() {
    const { choices } = await chat({ max_tokens: 100, response_format: { type: "json_object" } });
    assert.ok(choices[0].message.content.trimStart().startsWith("{"));
  },
  async "a schema shapes the answer"() {
    const response_format = { type: "json_schema", json_schema: { name: "place", schema: parameters, strict: true } };
    const { choices } = await chat({ max_tokens: 200, response_format });
    assert.deepEqual(Object.keys(JSON.parse(choices[0].message.content)), ["city"]);
  },
  async "a required tool is called"() {
    const { choices } = await chat({ max_tokens: 200, tools: [weather], tool_choice: "required" });
    const [call] = choices[0].message.tool_calls;
    assert.equal(call.function.name, "get_weather");
    assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
    assert.equal(choices[0].finish_reason, "tool_calls");
  },
  async "a named tool is called in a stream"() {
    const tool_choice = { type: "function", function: { name: "get_weather" } };
    const runner = client.chat.completions.stream({
      model: "smollm2",
      messages,
      temperature: 0,
      max_tokens: 200,
      tools: [weather],
      tool_choice,
    });
    const { choices } = await runner.finalChatCompletion();
    assert.equal(choices[0].message.tool_calls[0].function.name, "get_weather");
  },
  async "a tool is called by choice and left alone by none"() {
    const stub = { say: '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>' };
    const auto = await chat({ model: "stub", tools: [weather], tool_choice: "auto", stub });
    assert.equal(auto.choices[0].message.tool_calls[0].function.name, "get_weather");
    const none = await chat({ model: "stub", tools: [weather], tool_choice: "none", stub });
    assert.equal(none.choices[0].message.tool_calls, undefined);
  },
  async "a prompt that comes again is cached"() {
    const again = { messages: [{ role: "user", content: "A tale of two cities. ".repeat(60) }], max_tokens: 2 };
    await chat(again);
    assert.ok((await chat(again)).usage.prompt_tokens_details.cached_tokens > 200);
  },
  async "completions work whole and streamed"() {
    const options = { model: "smollm2", prompt: "Once upon a time", max_tokens: 6, temperature: 0 };
    const whole = await client.completions.create(options);
    const chunks = await collected(await client.completions.create({ ...options, stream: true }));
    assert.equal(chunks.map((chunk) => chunk.choices[0]?.text ?? "").join(""), whole.choices[0].text);
  },
  async "embeddings are numbers"() {
    const { data } = await client.embeddings.create({ model: "e5", input: ["a cat", "一只猫"] });
    assert.equal(data.length, 2);
    const length = Math.hypot(...data[0].embedding);
    assert.ok(Math.abs(length - 1) < 1e-3);
  },
  async "an unknown field reaches the engine"() {
    const { usage } = await chat({ max_tokens: 20, ignore_eos: true });
    assert.equal(usage.completion_tokens, 20);
  },
  async "errors are those that the SDK knows"() {
    const stranger = new OpenAI({ baseURL, apiKey: "sk-jixi-nobody", maxRetries: 0 });
    assert.ok((await failure(stranger.models.list())) instanceof OpenAI.AuthenticationError);
    const unknown = await failure(chat({ model: "nobody" }));
    assert.ok(unknown instanceof OpenAI.NotFoundError);
    assert.equal(unknown.code, "model_not_found");
    const wrong = await failure(chat({ temperature: "hot" }));
    assert.ok(wrong instanceof OpenAI.BadRequestError);
    assert.equal(wrong.param, "temperature");
    const long = await failure(chat({ messages: [{ role: "user", content: "word ".repeat(4000) }] }));
    assert.equal(long.code, "context_length_exceeded");
  },
  async "a broken stream raises"() {
    const stream = await chat({ model: "stub", max_tokens: 40, stream: true, stub: { end_at: 3 } });
    assert.equal((await failure(collected(stream))).code, "engine_error");
  },
};

for (const [name, check] of Object.entries(cases)) {
  let reason = null;
  try {
    await check();
  } catch (error) {
    reason = String(error?.message ?? error);
  }
  console.log(JSON.stringify({ case: name, ok: reason === null, reason }));
}
