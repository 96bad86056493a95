import type { Model, VersionDraft } from "@/features/store/queries";

export const sizeKeys = ["tiny", "small", "middle", "large"] as const;
export type SizeKey = (typeof sizeKeys)[number];
export const tasks = ["chat", "code", "reasoning", "vision", "embedding", "rerank", "transcription", "speech", "image"] as const;
export const levels = ["L0", "L1", "L2"] as const;
export const licenceClasses = ["commercial", "research"] as const;
export const accesses = ["open", "closed"] as const;
export const hereKeys = ["downloaded", "deployed", "downloading", "failed", "available"] as const;

const ENDS: readonly (readonly [SizeKey, number])[] = [
  ["tiny", 2e9],
  ["small", 10e9],
  ["middle", 40e9],
  ["large", Number.POSITIVE_INFINITY],
];

/** By all weights, of which a mixture of experts uses few at a time but keeps all in memory. */
export function sizeOf({ total_parameters: total }: Pick<Model, "total_parameters">): SizeKey | null {
  if (total === null) return null;
  return ENDS.find(([, end]) => total <= end)?.[0] ?? null;
}

export const isHere = (model: Pick<Model, "state" | "deployed_as">, value: string): boolean => (value === "deployed" ? model.deployed_as.length > 0 : model.state === value);

/** Families in the order of the alphabet, without those that nothing is of. */
export const familiesOf = (models: readonly Model[]): string[] => [...new Set(models.map(({ family }) => family))].toSorted((a, b) => a.localeCompare(b));
export const enginesOf = (models: readonly Model[]): string[] => [...new Set(models.flatMap(({ engines }) => engines))].toSorted();

const rank = (model: Model): number => (model.deployed_as.length ? 0 : model.state === "downloading" ? 1 : model.state === "downloaded" ? 2 : 3);

const called = ({ id, name }: Model, text: string): boolean => [id, name].some((each) => each.toLowerCase().startsWith(text));

/** What is called as one searched, then what is in use, then what is here, then the newest. */
export function inOrder(models: readonly Model[], search = ""): Model[] {
  const text = search.trim().toLowerCase();
  return models.toSorted((a, b) => (text ? Number(called(b, text)) - Number(called(a, text)) : 0) || before(a, b));
}

function before(a: Model, b: Model): number {
  return rank(a) - rank(b) || (b.released ?? "").localeCompare(a.released ?? "") || a.name.localeCompare(b.name);
}

export const makings = ["tuned", "compressed", "imported"] as const satisfies readonly VersionDraft["making"][];
export const formats = ["gguf", "safetensors", "ctranslate2", "onnx", "package"] as const satisfies readonly VersionDraft["format"][];
export const precisions = [
  "Q4_K_M", "Q4_K_S", "Q4_0", "Q4_1", "Q5_K_M", "Q5_K_S", "Q5_0", "Q5_1", "Q6_K", "Q8_0", "BF16", "F16", "F32", "FP8", "INT8", "INT4", "MXFP4", "NVFP4", "AWQ-INT4", "GPTQ-INT4", "GPTQ-INT8",
  "IQ4_NL", "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S", "IQ3_M", "IQ3_S", "IQ3_XS", "IQ3_XXS", "Q2_K", "Q2_K_S", "IQ2_M", "IQ2_S", "IQ2_XS", "IQ2_XXS", "IQ1_M", "IQ1_S",
] as const satisfies readonly VersionDraft["precision"][];
export const engines = ["llamacpp", "vllm", "sglang", "transformers", "embedding", "whisper", "kokoro", "diffusers"] as const satisfies readonly VersionDraft["engines"][number][];

/** What own models may be said to be under: the values that the catalogue knows. */
export const licencesOf = (models: readonly Model[]): string[] => [...new Set(models.map(({ license }) => license))].toSorted((a, b) => a.localeCompare(b));
export const languagesOf = (models: readonly Model[]): string[] => [...new Set(models.flatMap(({ languages }) => languages))].filter((code) => /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$/.test(code));

/** Models chosen for a comparison, as the address keeps them. */
export const MOST = 4;
export const idsIn = (text: string | undefined): string[] => [...new Set((text ?? "").split(",").filter(Boolean))].slice(0, MOST);
export const idsOf = (ids: Iterable<string>): string | undefined => [...ids].slice(0, MOST).join(",") || undefined;
