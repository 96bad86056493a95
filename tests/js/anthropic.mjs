// Anthropic's official JavaScript SDK, unchanged, against a running server; see cases.mjs for how it is run.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import {
  address,
  apiKey,
  broken,
  collected,
  counted,
  failure,
  parameters,
  poorKey,
  run,
  scripted,
  writtenCall,
} from "./cases.mjs";

const connect = (options) => new Anthropic({ baseURL: address, apiKey, maxRetries: 0, timeout: 30_000, ...options });
const client = connect({});
const messages = [{ role: "user", content: "Say hello to the king." }];
const told = (stub) => [{ role: "user", content: scripted(stub) }];
const weather = { name: "get_weather", description: "The weather of a city", input_schema: parameters };
const asked = (options) => ({ model: "stub", messages, max_tokens: 8, ...options });
const say = (options) => client.messages.create(asked(options));
const readIn = (usage) => usage.input_tokens + (usage.cache_read_input_tokens ?? 0);

/** The same question twice: its whole message, and the one that the SDK makes of a stream. */
const bothWays = (options) => Promise.all([say(options), client.messages.stream(asked(options)).finalMessage()]);

/** Fails with an error of this class, type, code and field; its other parts have to be there too. */
async function refused(promise, kind, type, code, param = null) {
  const error = await failure(promise);
  assert.ok(error instanceof kind, `${error}`);
  assert.deepEqual([error.type, error.errorCode, error.details.param], [type, code, param]);
  assert.equal(error.error.type, "error");
  assert.ok(error.apiMessage && error.error.request_id === error.requestID);
  assert.ok(error.requestID.startsWith("req_"));
  return error;
}

const cases = {
  async "models are listed and found in this dialect"() {
    const models = await collected(client.models.list());
    assert.deepEqual(models.map((model) => model.id).sort(), ["e5", "smollm2", "stub"]);
    const found = await client.models.retrieve("smollm2");
    assert.deepEqual([found.type, found.display_name, found.max_input_tokens], ["model", "smollm2", 2048]);
    const missing = client.models.retrieve("nobody");
    await refused(missing, Anthropic.NotFoundError, "not_found_error", "model_not_found", "model");
  },
  async "a message has an answer and a usage"() {
    for (const model of ["stub", "smollm2"]) {
      const { data, response } = await client.messages.create(asked({ model })).withResponse();
      assert.deepEqual([data.type, data.role, data.model], ["message", "assistant", model]);
      assert.deepEqual(data.content.map((block) => block.type), ["text"]);
      assert.ok(data.content[0].text);
      assert.ok(["end_turn", "max_tokens"].includes(data.stop_reason), data.stop_reason);
      assert.ok(data.usage.input_tokens > 0 && data.usage.output_tokens > 0 && data.usage.output_tokens <= 8);
      assert.ok(data.id.startsWith("msg_"));
      assert.ok(response.headers.get("request-id").startsWith("req_"));
    }
  },
  async "a streamed message says the same as a whole one"() {
    const [whole, streamed] = await bothWays({ model: "smollm2", max_tokens: 12, temperature: 0 });
    assert.deepEqual(streamed.content.map((block) => block.text), whole.content.map((block) => block.text));
    assert.deepEqual(
      [streamed.stop_reason, streamed.usage.output_tokens, readIn(streamed.usage)],
      [whole.stop_reason, whole.usage.output_tokens, readIn(whole.usage)],
    );
  },
  async "every event of a message comes in its place"() {
    // The SDK leaves out the pings.
    const events = await collected(await say({ max_tokens: 3, stream: true }));
    assert.deepEqual(events.map((event) => event.type), [
      "message_start",
      "content_block_start",
      ...Array(3).fill("content_block_delta"),
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
  },
  async "a system prompt is a text or blocks and is read"() {
    const plain = await say({ max_tokens: 1 });
    const blocks = [{ type: "text", text: "Be very brief", cache_control: { type: "ephemeral" } }];
    for (const system of ["Be very brief", blocks]) {
      const longer = await say({ max_tokens: 1, system });
      assert.equal(longer.usage.input_tokens, plain.usage.input_tokens + 3);
    }
  },
  async "a stop sequence ends the message"() {
    const options = { messages: told({ say: "one two STOP three" }), max_tokens: 9, stop_sequences: ["STOP"] };
    for (const answer of await bothWays(options)) {
      assert.equal(answer.content[0].text, "one two");
      assert.deepEqual([answer.stop_reason, answer.stop_sequence], ["stop_sequence", "STOP"]);
    }
  },
  async "a demanded tool is called by a real model"() {
    const tool_choice = { type: "tool", name: "get_weather" };
    for (const answer of await bothWays({ model: "smollm2", max_tokens: 200, tools: [weather], tool_choice })) {
      const [use] = answer.content;
      assert.deepEqual([use.type, use.name, answer.stop_reason], ["tool_use", "get_weather", "tool_use"]);
      assert.equal(typeof use.input.city, "string");
      assert.ok(use.id);
    }
  },
  async "a tool is used by choice and its result is read"() {
    for (const answer of await bothWays({ messages: told(writtenCall), max_tokens: 90, tools: [weather] })) {
      const [use] = answer.content;
      assert.deepEqual([use.name, use.input, answer.stop_reason], ["get_weather", { city: "Paris" }, "tool_use"]);
      const result = { type: "tool_result", tool_use_id: use.id, content: "Sunny and warm" };
      const turns = [...messages, { role: "assistant", content: answer.content }, { role: "user", content: [result] }];
      const final = await say({ model: "smollm2", messages: turns, max_tokens: 4, tools: [weather] });
      assert.equal(final.content[0].type, "text");
    }
  },
  async "the input of a tool arrives in pieces that are one JSON"() {
    const options = { messages: told(writtenCall), max_tokens: 90, tools: [weather], stream: true };
    const events = await collected(await say(options));
    const started = events.filter((event) => event.type === "content_block_start").map((event) => event.content_block);
    assert.deepEqual(started.map((block) => [block.type, block.name]), [["tool_use", "get_weather"]]);
    const pieces = events.filter((event) => event.delta?.type === "input_json_delta");
    const input = pieces.map((event) => event.delta.partial_json).join("");
    assert.deepEqual(JSON.parse(input), { city: "Paris" });
  },
  async "tools can be forbidden"() {
    const options = { messages: told(writtenCall), max_tokens: 90, tools: [weather], tool_choice: { type: "none" } };
    assert.deepEqual((await say(options)).content.map((block) => block.type), ["text"]);
  },
  async "tokens are counted as the answer counts them"() {
    const question = { model: "smollm2", messages, system: "Be brief." };
    const counted = await client.messages.countTokens(question);
    assert.equal(counted.input_tokens, readIn((await say({ ...question, max_tokens: 1 })).usage));
  },
  async "a key that does not exist is refused in this dialect"() {
    for (const key of [{ apiKey: "sk-jixi-nobody" }, { apiKey: null, authToken: "sk-jixi-nobody" }]) {
      const ask = connect(key).messages.create(asked({}));
      await refused(ask, Anthropic.AuthenticationError, "authentication_error", "invalid_api_key");
    }
  },
  async "a bearer token is a key as well"() {
    const bearer = connect({ apiKey: null, authToken: apiKey });
    assert.ok((await bearer.messages.create(asked({ max_tokens: 1 }))).content[0].text);
  },
  async "a wrong value is a bad request of this dialect that names its field"() {
    const long = [{ role: "user", content: "word ".repeat(4000) }];
    for (const [fields, code, param] of [
      [{ max_tokens: 0 }, "invalid_value", "max_tokens"],
      [{ messages: [] }, "invalid_value", "messages"],
      [{ temperature: 2 }, "invalid_value", "temperature"],
      [{ mystery: 1 }, "unsupported_parameter", "mystery"],
      [{ model: "smollm2", messages: long }, "context_length_exceeded", "messages"],
    ]) {
      for (const stream of [false, true]) {
        const ask = say({ ...fields, stream });
        await refused(ask, Anthropic.BadRequestError, "invalid_request_error", code, param);
      }
    }
  },
  async "an unknown model is not found in this dialect"() {
    for (const ask of [say({ model: "nobody" }), client.messages.countTokens({ model: "nobody", messages })]) {
      await refused(ask, Anthropic.NotFoundError, "not_found_error", "model_not_found", "model");
    }
  },
  async "an exhausted budget is a rate limit of this dialect that is not tried again"() {
    const { tries, fetch } = counted();
    const poor = connect({ apiKey: poorKey, maxRetries: 5, fetch });
    const ask = poor.messages.create(asked({ max_tokens: 1 }));
    await refused(ask, Anthropic.RateLimitError, "rate_limit_error", "budget_exceeded");
    assert.equal(tries.length, 1);
  },
  async "a busy engine is overloaded and worth another try when it says"() {
    const busy = await failure(say({ messages: told({ status: 503, retry_after: 1 }) }));
    assert.ok(busy instanceof Anthropic.InternalServerError, `${busy}`);
    assert.deepEqual([busy.status, busy.type, busy.headers.get("retry-after")], [529, "overloaded_error", "1"]);
    const patient = connect({ maxRetries: 3 });
    assert.ok((await patient.messages.create(asked({ max_tokens: 1 }))).content[0].text);
  },
  async "a message that breaks in its stream raises and never looks complete"() {
    for (const fault of [{ cut_at: 900 }, { end_at: 3 }, { bad_frame: 3 }]) {
      for (const tools of [undefined, [weather]]) {
        const options = { messages: told(fault), max_tokens: 40, tools };
        const { error, seen } = await broken(await say({ ...options, stream: true }));
        assert.ok(error instanceof Anthropic.APIError, `${error}`);
        assert.deepEqual([error.type, error.errorCode], ["api_error", "engine_error"]);
        const types = seen.map((event) => event.type);
        assert.ok(types.includes("content_block_delta"));
        assert.ok(!types.includes("message_delta") && !types.includes("message_stop"));
        const helper = await failure(client.messages.stream(asked(options)).finalMessage());
        assert.equal(helper.errorCode, "engine_error");
      }
    }
  },
};

await run(cases);
