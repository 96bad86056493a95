// OpenAI's official JavaScript SDK, unchanged, against a running server; see cases.mjs for how it is run.
import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";
import { address, apiKey, broken, collected, counted, failure, parameters, poorKey, run, writtenCall } from "./cases.mjs";

const connect = (key, maxRetries = 0) =>
  new OpenAI({ baseURL: `${address}/v1`, apiKey: key, maxRetries, timeout: 30_000 });
const client = connect(apiKey);
const messages = [{ role: "user", content: "Say hello to the king." }];
const weather = { type: "function", function: { name: "get_weather", parameters } };
const chat = (options) => client.chat.completions.create({ model: "smollm2", messages, temperature: 0, ...options });

/** Fails with an error of this class, code and field; its other parts have to be there too. */
async function refused(promise, kind, code, param = null) {
  const error = await failure(promise);
  assert.ok(error instanceof kind, `${error}`);
  assert.deepEqual([error.code, error.param], [code, param]);
  assert.ok(error.error.message && error.type);
  assert.ok(error.requestID.startsWith("req_"));
  return error;
}

const choicesOf = (chunks, index = 0) => chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index);
const textOf = (chunks, index = 0) => choicesOf(chunks, index).map((choice) => choice.delta.content ?? "").join("");
const finishesOf = (chunks, index = 0) => choicesOf(chunks, index).map((choice) => choice.finish_reason).filter(Boolean);
const callsOf = (chunks) => choicesOf(chunks).flatMap((choice) => choice.delta.tool_calls ?? []);

const cases = {
  async "models are listed and found"() {
    const { data } = await client.models.list();
    assert.deepEqual(data.map((model) => model.id).sort(), ["e5", "smollm2", "stub"]);
    assert.equal((await client.models.retrieve("e5")).id, "e5");
  },
  async "a model that does not exist is not found"() {
    await refused(client.models.retrieve("nobody"), OpenAI.NotFoundError, "model_not_found", "model");
    await refused(chat({ model: "nobody" }), OpenAI.NotFoundError, "model_not_found", "model");
    await refused(chat({ model: "nobody", stream: true }), OpenAI.NotFoundError, "model_not_found", "model");
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
    assert.ok(chunks.slice(0, -1).every((chunk) => !chunk.usage));
    assert.deepEqual(finishesOf(chunks), [whole.choices[0].finish_reason]);
  },
  async "a stream that nobody asks for usage has none"() {
    const chunks = await collected(await chat({ max_tokens: 3, stream: true }));
    assert.ok(chunks.every((chunk) => !chunk.usage && chunk.choices.length === 1));
  },
  async "both names of the limit are kept"() {
    for (const limit of ["max_tokens", "max_completion_tokens"]) {
      const { choices, usage } = await chat({ [limit]: 3 });
      assert.deepEqual([choices[0].finish_reason, usage.completion_tokens], ["length", 3]);
    }
  },
  async "a seed repeats itself"() {
    const say = async () => (await chat({ seed: 3, temperature: 1, top_p: 0.9, max_tokens: 12 })).choices[0];
    assert.equal((await say()).message.content, (await say()).message.content);
  },
  async "n gives two answers"() {
    const { choices } = await chat({ n: 2, max_tokens: 4 });
    assert.deepEqual(choices.map((choice) => choice.index), [0, 1]);
  },
  async "n gives two answers in a stream"() {
    const chunks = await collected(await chat({ n: 2, max_tokens: 4, stream: true }));
    for (const index of [0, 1]) {
      assert.ok(textOf(chunks, index));
      assert.deepEqual(finishesOf(chunks, index), ["length"]);
    }
  },
  async "a stop sequence ends the answer"() {
    const whole = (await chat({ max_tokens: 24 })).choices[0].message.content;
    const word = whole.split(/\s+/)[2];
    for (const stop of [word, [word, "§§§"]]) {
      const { choices } = await chat({ max_tokens: 24, stop });
      assert.equal(choices[0].message.content.trim(), whole.slice(0, whole.indexOf(word)).trim());
      assert.equal(choices[0].finish_reason, "stop");
    }
  },
  async "logprobs come with their rivals"() {
    for (const top_logprobs of [undefined, 0, 2]) {
      const { choices } = await chat({ max_tokens: 3, logprobs: true, top_logprobs });
      const rivals = choices[0].logprobs.content.map((token) => token.top_logprobs.length);
      assert.deepEqual(rivals, Array(3).fill(top_logprobs ?? 0));
    }
    const chunks = await collected(await chat({ max_tokens: 3, logprobs: true, top_logprobs: 1, stream: true }));
    assert.equal(choicesOf(chunks).flatMap((choice) => choice.logprobs?.content ?? []).length, 3);
  },
  async "a JSON object is one"() {
    const ask = { messages: [{ role: "user", content: 'Reply with {"ok": true}' }], max_tokens: 60 };
    const { choices } = await chat({ ...ask, response_format: { type: "json_object" } });
    assert.equal(typeof JSON.parse(choices[0].message.content), "object");
    assert.ok((await chat({ ...ask, response_format: { type: "text" } })).choices[0].message.content);
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
    const [call] = choices[0].message.tool_calls;
    assert.equal(call.function.name, "get_weather");
    assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
    assert.equal(choices[0].finish_reason, "tool_calls");
  },
  async "a tool is called by choice and left alone by none"() {
    const options = { model: "stub", tools: [weather], stub: writtenCall };
    const auto = await chat({ ...options, tool_choice: "auto" });
    assert.deepEqual(JSON.parse(auto.choices[0].message.tool_calls[0].function.arguments), { city: "Paris" });
    assert.equal(auto.choices[0].finish_reason, "tool_calls");
    const none = await chat({ ...options, tool_choice: "none" });
    assert.equal(none.choices[0].message.tool_calls, undefined);
    assert.notEqual(none.choices[0].finish_reason, "tool_calls");
  },
  async "a tool is called by choice in a stream"() {
    const chunks = await collected(await chat({ model: "stub", tools: [weather], stream: true, stub: writtenCall }));
    const calls = callsOf(chunks);
    assert.equal(calls[0].function.name, "get_weather");
    const written = calls.map((call) => call.function.arguments ?? "").join("");
    assert.deepEqual(JSON.parse(written), { city: "Paris" });
    assert.deepEqual(finishesOf(chunks), ["tool_calls"]);
  },
  async "a prompt that comes again is cached"() {
    const again = { messages: [{ role: "user", content: "A tale of two cities. ".repeat(60) }], max_tokens: 2 };
    await chat(again);
    assert.ok((await chat(again)).usage.prompt_tokens_details.cached_tokens > 200);
  },
  async "completions work whole and streamed"() {
    const options = { model: "smollm2", prompt: "Once upon a time", max_tokens: 6, temperature: 0 };
    const whole = await client.completions.create({ ...options, logprobs: 1 });
    const stream_options = { include_usage: true };
    const chunks = await collected(await client.completions.create({ ...options, stream: true, stream_options }));
    assert.equal(chunks.map((chunk) => chunk.choices[0]?.text ?? "").join(""), whole.choices[0].text);
    assert.equal(chunks.at(-1).usage.completion_tokens, whole.usage.completion_tokens);
    assert.equal(whole.choices[0].logprobs.tokens.join(""), whole.choices[0].text);
  },
  async "embeddings are numbers, packed or not"() {
    // Without a format the SDK asks for base64 and unpacks it itself.
    const { data } = await client.embeddings.create({ model: "e5", input: ["a cat", "一只猫"] });
    assert.equal(data.length, 2);
    const [first] = data.map((entry) => entry.embedding);
    assert.ok(Math.abs(Math.hypot(...first) - 1) < 1e-3);
    const options = { model: "e5", input: "a cat", dimensions: first.length };
    const plain = await client.embeddings.create({ ...options, encoding_format: "float" });
    plain.data[0].embedding.forEach((number, at) => assert.ok(Math.abs(number - first[at]) < 1e-5));
    const packed = await client.embeddings.create({ ...options, encoding_format: "base64" });
    assert.equal(Buffer.from(packed.data[0].embedding, "base64").length, 4 * first.length);
    assert.ok(plain.usage.prompt_tokens > 0);
  },
  async "an unknown field reaches the engine"() {
    const { usage } = await chat({ max_tokens: 20, ignore_eos: true });
    assert.equal(usage.completion_tokens, 20);
  },
  async "a key that does not exist is refused"() {
    const stranger = connect("sk-jixi-nobody");
    await refused(stranger.models.list(), OpenAI.AuthenticationError, "invalid_api_key");
  },
  async "a wrong value is a bad request that names its field"() {
    await refused(chat({ temperature: "hot" }), OpenAI.BadRequestError, "invalid_value", "temperature");
    await refused(chat({ messages: "hello" }), OpenAI.BadRequestError, "invalid_value", "messages");
    const short = client.embeddings.create({ model: "e5", input: "a", dimensions: 64 });
    await refused(short, OpenAI.BadRequestError, "invalid_value", "dimensions");
  },
  async "more than the context is a bad request"() {
    const text = "word ".repeat(4000);
    const long = chat({ messages: [{ role: "user", content: text }] });
    await refused(long, OpenAI.BadRequestError, "context_length_exceeded", "messages");
    const prompt = client.completions.create({ model: "smollm2", prompt: text });
    await refused(prompt, OpenAI.BadRequestError, "context_length_exceeded", "prompt");
    const input = client.embeddings.create({ model: "e5", input: text });
    await refused(input, OpenAI.BadRequestError, "context_length_exceeded", "input");
  },
  async "an exhausted budget is a rate limit that is not tried again"() {
    const { tries, fetch } = counted();
    const poor = connect(poorKey, 5).withOptions({ fetch });
    const ask = poor.chat.completions.create({ model: "stub", messages });
    await refused(ask, OpenAI.RateLimitError, "budget_exceeded");
    assert.equal(tries.length, 1);
  },
  async "a batch answers each line of its file"() {
    const lines = [1, 2, 3].map((number) => ({
      custom_id: `r${number}`,
      method: "POST",
      url: "/v1/chat/completions",
      body: { model: "stub", messages, max_tokens: number === 3 ? -1 : 4 },
    }));
    const text = lines.map((line) => JSON.stringify(line)).join("\n");
    const file = await client.files.create({ file: await toFile(Buffer.from(text), "in.jsonl"), purpose: "batch" });
    const asked = { input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" };
    let batch = await client.batches.create(asked);
    for (let tries = 0; batch.status !== "completed" && tries < 200; tries++) {
      assert.ok(["validating", "in_progress", "finalizing"].includes(batch.status), batch.status);
      await new Promise((resolve) => setTimeout(resolve, 50));
      batch = await client.batches.retrieve(batch.id);
    }
    assert.deepEqual(batch.request_counts, { total: 3, completed: 2, failed: 1 });
    const read = async (id) => (await (await client.files.content(id)).text()).trim().split("\n").map(JSON.parse);
    const answers = await read(batch.output_file_id);
    assert.deepEqual(answers.map((entry) => entry.custom_id), ["r1", "r2"]);
    assert.ok(answers.every((entry) => entry.response.body.usage.completion_tokens === 4));
    const [refusal] = await read(batch.error_file_id);
    assert.equal(refusal.response.body.error.code, "invalid_value");
    const ids = [];
    for await (const each of client.files.list({ limit: 1 })) ids.push(each.id);
    assert.ok([file.id, batch.output_file_id, batch.error_file_id].every((id) => ids.includes(id)));
    assert.ok((await client.files.delete(file.id)).deleted);
    await refused(client.files.retrieve(file.id), OpenAI.NotFoundError, "not_found");
  },
  async "a broken stream raises"() {
    for (const fault of [{ end_at: 3 }, { cut_at: 600 }, { bad_frame: 3 }]) {
      const options = { model: "stub", max_tokens: 40, stream: true, stub: fault };
      const { error, seen } = await broken(await chat(options));
      assert.ok(error instanceof OpenAI.APIError);
      assert.equal(error.code, "engine_error");
      assert.ok(textOf(seen));
      assert.deepEqual(finishesOf(seen), []);
      const prompt = await client.completions.create({ ...options, prompt: "Hello" });
      assert.equal((await failure(collected(prompt))).code, "engine_error");
    }
  },
};

await run(cases);
