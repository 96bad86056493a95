import { describe, expect, it } from "vitest";
import { addressFor, freshModel, freshProvider, isAddress, requestOf, valuesOf, type Provider, type Vendor } from "@/features/providers/values";

const vendor = (id: Vendor["id"], url: string | null): Vendor => ({ id, name: id, default_base_url: url, needs: [], kinds: [], docs_hint: "" });
const openai = vendor("openai", "https://api.openai.com/v1");
const azure = vendor("azure", null);
const provider: Provider = {
  id: "prv_1",
  name: "P",
  vendor: "openai",
  base_url: "https://api.openai.com/v1",
  api_version: null,
  credential_hint: null,
  enabled: true,
  models: [],
  max_parallel: 16,
  on_disconnect: "cancel",
  state: "ready",
  reason: null,
  checked_at: null,
  created_at: "2026-01-01T00:00:00Z",
  version: 1,
};

describe("the base URL when a vendor is chosen", () => {
  it("becomes the vendor's own, also in place of another vendor's", () => {
    expect(addressFor(openai, "", [openai, azure])).toBe("https://api.openai.com/v1");
    expect(addressFor(azure, "https://api.openai.com/v1", [openai, azure])).toBe("");
  });
  it("stays what somebody typed", () => {
    expect(addressFor(openai, "https://proxy.example/v1", [openai])).toBe("https://proxy.example/v1");
  });
  it("must be a whole address", () => {
    expect(["https://a.example", "http://10.0.0.5:8000/v1"].every(isAddress)).toBe(true);
    expect(["", "a.example", "ftp://a.example", "https://", undefined].some(isAddress)).toBe(false);
  });
});

describe("what is sent of a provider", () => {
  it("leaves out a credential that was not entered, so that the stored one stays", () => {
    expect(requestOf({ ...freshProvider, vendor: "openai" }, new Map())).not.toHaveProperty("credential");
    expect(requestOf({ ...freshProvider, vendor: "openai", credential: " sk-1 " }, new Map()).credential).toBe("sk-1");
  });
});

describe("the prices of its models", () => {
  const model = { ...freshModel, name: "m", input: "2", output: "8" };
  const price = { input_micros: 2_000_000, cached_input_micros: 2_000_000, output_micros: 8_000_000 };
  const kept = { ...price, unit: null, unit_micros: 0 };
  const sent = (part: object, book: Parameters<typeof requestOf>[1] = new Map()) =>
    requestOf({ ...freshProvider, vendor: "openai", models: [{ ...model, ...part }] }, book).models[0]?.price;
  it("are sent where they are new, cached input as input unless it has its own", () => {
    expect(sent({})).toEqual(price);
    expect(sent({ cached: "0.2" })?.cached_input_micros).toBe(200_000);
  });
  it("need no field that the form does not show", () => {
    expect(sent({ unit: undefined })).toEqual(price);
  });
  it("are left alone where they are the book's already or were not entered", () => {
    expect(sent({}, new Map([["m", kept]]))).toBeNull();
    expect(sent({ input: "", output: "" })).toBeNull();
  });
  it("are those of seconds, characters and images where that is what calls are counted in", () => {
    const free = { input_micros: 0, cached_input_micros: 0, output_micros: 0 };
    const speech = { kinds: ["speech"], input: "", output: "", unit: "0.00002" };
    expect(sent(speech)).toEqual({ ...free, unit: "character", unit_micros: 20 });
    expect(sent({ ...speech, unit: "" })).toBeNull();
    expect(sent(speech, new Map([["m", { ...free, unit: "character", unit_micros: 20 }]]))).toBeNull();
    expect(sent(speech, new Map([["m", { ...free, unit: "image", unit_micros: 20 }]]))).not.toBeNull();
    expect(sent({ kinds: ["chat", "images"], unit: "0.04" })).toEqual({ ...price, unit: "image", unit_micros: 40_000 });
  });
  it("are shown in the unit of the model, and not in another", () => {
    const ears = { name: "m", upstream: "m", kinds: ["transcriptions" as const], context: 1, max_output: null, tools: false, vision: false };
    const shown = (["second", "image"] as const).map(
      (unit) => valuesOf({ ...provider, models: [ears] }, new Map([["m", { ...kept, unit, unit_micros: 100 }]])).models[0]?.unit,
    );
    expect(shown).toEqual(["0.0001", ""]);
  });
});
