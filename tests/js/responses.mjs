// The Responses API as OpenAI's official JavaScript SDK, unchanged, speaks it; see cases.mjs for how it is run.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { address, apiKey, broken, collected, failure, parameters, run, scripted, writtenCall } from "./cases.mjs";

const client = new OpenAI({ baseURL: `${address}/v1`, apiKey, maxRetries: 0, timeout: 30_000 });
const hello = "Say hello to the king.";
const weather = { type: "function", name: "get_weather", parameters, strict: true };
const ask = (options) => client.responses.create({ model: "stub", input: hello, ...options });
const typesOf = (events) => events.map((event) => event.type);
const deltasOf = (events, type) => events.filter((event) => event.type === type).map((event) => event.delta).join("");

async function refused(promise, kind, code, param) {
  const error = await failure(promise);
  assert.ok(error instanceof kind, `${error}`);
  assert.deepEqual([error.code, error.param], [code, param]);
  assert.ok(error.requestID.startsWith("req_"));
}

const gone = async (promise) => assert.ok((await failure(promise)) instanceof OpenAI.NotFoundError);

const cases = {
  async "a question has an answer and a usage"() {
    for (const model of ["stub", "smollm2"]) {
      const answer = await ask({ model, max_output_tokens: 8 });
      assert.ok(answer.output_text);
      assert.ok(answer.id.startsWith("resp_"));
      assert.ok(["completed", "incomplete"].includes(answer.status), answer.status);
      assert.ok(answer.usage.output_tokens > 0 && answer.usage.output_tokens <= 8);
      assert.equal(answer.usage.total_tokens, answer.usage.input_tokens + answer.usage.output_tokens);
    }
  },
  async "a streamed response says the same as a whole one"() {
    const options = { model: "smollm2", max_output_tokens: 12, temperature: 0 };
    const whole = await ask(options);
    const events = await collected(await ask({ ...options, stream: true }));
    const { response } = events.at(-1);
    assert.equal(deltasOf(events, "response.output_text.delta"), whole.output_text);
    assert.deepEqual([response.status, response.usage.output_tokens], [whole.status, whole.usage.output_tokens]);
  },
  async "every event of a response comes in its place"() {
    const events = await collected(await ask({ input: scripted({ say: "one two" }), stream: true }));
    assert.deepEqual(typesOf(events), [
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    assert.deepEqual(events.map((event) => event.sequence_number), [...events.keys()]);
  },
  async "the SDK's own helper finds the final response"() {
    const runner = client.responses.stream({ model: "stub", input: scripted({ say: "one two" }) });
    assert.equal((await runner.finalResponse()).output_text, "one two");
  },
  async "instructions are read"() {
    const plain = await ask({ max_output_tokens: 1 });
    const longer = await ask({ max_output_tokens: 1, instructions: "Be brief" });
    assert.equal(longer.usage.input_tokens, plain.usage.input_tokens + 2);
    assert.equal(longer.instructions, "Be brief");
  },
  async "a tool is called whole and streamed, and its result is read"() {
    const options = { input: scripted(writtenCall), tools: [weather] };
    const events = await collected(await ask({ ...options, stream: true }));
    assert.deepEqual(JSON.parse(deltasOf(events, "response.function_call_arguments.delta")), { city: "Paris" });
    for (const answer of [await ask(options), events.at(-1).response]) {
      const [call] = answer.output;
      assert.deepEqual([call.type, call.name, JSON.parse(call.arguments)], [
        "function_call",
        "get_weather",
        { city: "Paris" },
      ]);
      const input = [{ type: "function_call_output", call_id: call.call_id, output: "Sunny" }];
      const final = await ask({ input, tools: [weather], previous_response_id: answer.id, max_output_tokens: 2 });
      assert.ok(final.output_text);
      assert.equal(final.previous_response_id, answer.id);
    }
  },
  async "a required tool is called by a real model"() {
    const options = { model: "smollm2", tools: [weather], tool_choice: "required", max_output_tokens: 200 };
    const [call] = (await ask(options)).output;
    assert.equal(call.type, "function_call");
    assert.equal(typeof JSON.parse(call.arguments).city, "string");
  },
  async "a schema shapes the response"() {
    const format = { type: "json_schema", name: "place", schema: parameters, strict: true };
    const { output_text } = await ask({ model: "smollm2", text: { format }, max_output_tokens: 200 });
    assert.deepEqual(Object.keys(JSON.parse(output_text)), ["city"]);
  },
  async "a later question goes on from an earlier one"() {
    const first = await ask({ input: "one two three", max_output_tokens: 2 });
    const second = await ask({ input: "four", previous_response_id: first.id, max_output_tokens: 2 });
    assert.equal(second.usage.input_tokens, 3 + 2 + 1);
    const third = await ask({ input: "five", previous_response_id: second.id, max_output_tokens: 1 });
    assert.equal(third.usage.input_tokens, 3 + 2 + 1 + 2 + 1);
  },
  async "what was stored is read again and deleted"() {
    const input = ["one", "two", "three"].map((content) => ({ role: "user", content }));
    const streamed = await collected(await ask({ input, max_output_tokens: 2, stream: true }));
    for (const made of [await ask({ input, max_output_tokens: 2 }), streamed.at(-1).response]) {
      const again = await client.responses.retrieve(made.id);
      assert.ok(again.output_text);
      assert.deepEqual(again.output, made.output);
      const items = await collected(client.responses.inputItems.list(made.id, { limit: 2, order: "asc" }));
      assert.deepEqual(items.map((item) => item.content[0].text), ["one", "two", "three"]);
      await client.responses.delete(made.id);
      await gone(client.responses.retrieve(made.id));
      await gone(client.responses.delete(made.id));
      await gone(ask({ previous_response_id: made.id }));
    }
  },
  async "what is not to be stored is not"() {
    const made = await ask({ max_output_tokens: 1, store: false });
    await gone(client.responses.retrieve(made.id));
    await gone(ask({ previous_response_id: made.id }));
  },
  async "a wrong question is a bad request that names its field"() {
    await refused(ask({ temperature: 3 }), OpenAI.BadRequestError, "invalid_value", "temperature");
    await refused(ask({ input: [] }), OpenAI.BadRequestError, "invalid_value", "input");
    await refused(ask({ background: true }), OpenAI.BadRequestError, "unsupported_parameter", "background");
    const unknown = ask({ model: "nobody", stream: true });
    await refused(unknown, OpenAI.NotFoundError, "model_not_found", "model");
  },
  async "a stream of events that breaks raises and is not kept"() {
    for (const fault of [{ cut_at: 900 }, { end_at: 3 }, { bad_frame: 3 }]) {
      for (const tools of [[], [weather]]) {
        const options = { input: scripted(fault), max_output_tokens: 40, tools };
        const { error, seen } = await broken(await ask({ ...options, stream: true }));
        assert.ok(error instanceof OpenAI.APIError, `${error}`);
        assert.equal(error.code, "engine_error");
        assert.ok(deltasOf(seen, "response.output_text.delta"));
        assert.ok(typesOf(seen).every((type) => !["response.completed", "response.incomplete"].includes(type)));
        await gone(client.responses.retrieve(seen[0].response.id));
        const helper = await failure(client.responses.stream({ model: "stub", ...options }).finalResponse());
        assert.equal(helper.code, "engine_error");
      }
    }
  },
};

await run(cases);
