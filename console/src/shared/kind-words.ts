import type { Schemas } from "@/api/client";
import { words } from "@/shared/words";

/** What a key may be used for. */
export type Scope = Schemas["Charge"]["kind"];

/** What a model serves. */
export type Kind = Exclude<Scope, "admin" | "batches">;
export const kinds: readonly Kind[] = ["chat", "completions", "embeddings", "rerank", "classify", "transcriptions", "speech", "images"];
export const isKind = (scope: Scope): scope is Kind => kinds.some((kind) => kind === scope);

export const useKindWords = words({
  en: {
    chat: "Chat",
    completions: "Completions",
    embeddings: "Embeddings",
    rerank: "Rerank",
    classify: "Classify",
    transcriptions: "Transcription",
    speech: "Speech",
    images: "Images",
    batches: "Batches",
    admin: "Admin",
  },
  zh: {
    chat: "对话",
    completions: "补全",
    embeddings: "向量",
    rerank: "重排序",
    classify: "分类",
    transcriptions: "语音识别",
    speech: "语音合成",
    images: "图像生成",
    batches: "批处理",
    admin: "管理",
  },
});
