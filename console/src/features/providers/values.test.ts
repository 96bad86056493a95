import { describe, expect, it } from "vitest";
import { addressFor, freshModel, freshProvider, isAddress, requestOf, type Vendor } from "@/features/providers/values";

const vendor = (id: Vendor["id"], url: string | null): Vendor => ({ id, name: id, default_base_url: url, needs: [], kinds: [], docs_hint: "" });
const openai = vendor("openai", "https://api.openai.com/v1");
const azure = vendor("azure", null);

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
  const sent = (part: object, book = new Map<string, typeof price>()) =>
    requestOf({ ...freshProvider, vendor: "openai", models: [{ ...model, ...part }] }, book).models[0]?.price;
  it("are sent where they are new, cached input as input unless it has its own", () => {
    expect(sent({})).toEqual(price);
    expect(sent({ cached: "0.2" })?.cached_input_micros).toBe(200_000);
  });
  it("are left alone where they are the book's already or were not entered", () => {
    expect(sent({}, new Map([["m", price]]))).toBeNull();
    expect(sent({ input: "", output: "" })).toBeNull();
  });
});
