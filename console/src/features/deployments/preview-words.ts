import { words } from "@/shared/words";

/** What a deployment would mean, before it starts. */
export const usePreviewWords = words({
  en: {
    preview: "Before it starts",
    fetch: "To be fetched",
    fetchNothing: "nothing, it is here",
    fetchUnknown: "known once the source is asked",
    free: "Free on disk",
    private: "This model is one organisation's own, and a deployment answers every organisation. Whoever may call its name is answered: give the others' keys a list of models without it.",
    needs: "Memory of a replica",
    verdicts: { yes: "Fits", after_unloading: "Fits once something ends", no: "Does not fit", unknown: "Not known" },
    ofFree: (needed: string, free: string) => `${needed} of ${free} free`,
    parts: (weights: string, contexts: string, twice: string | null) => `weights ${weights}${twice ? ` (up to ${twice} on top of the file: llama.cpp lays matrices out anew for the processor and may hold both forms)` : ""}, contexts ${contexts}`,
    unload: (names: string) => `Would end first: ${names}`,
    previewFailed: "This cannot be deployed as it is",
  },
  zh: {
    preview: "启动之前",
    fetch: "需要下载",
    fetchNothing: "无需下载，已在本机",
    fetchUnknown: "由来源决定",
    free: "磁盘剩余",
    private: "该模型属于某一组织，而部署服务于所有组织：能调用该名称的密钥都会得到应答。请为其他组织的密钥设定不含它的模型列表。",
    needs: "每个副本占用内存",
    verdicts: { yes: "内存足够", after_unloading: "结束其他部署后足够", no: "内存不足", unknown: "无法估计" },
    ofFree: (needed: string, free: string) => `需要 ${needed}，可用 ${free}`,
    parts: (weights: string, contexts: string, twice: string | null) => `权重 ${weights}${twice ? `（其中最多 ${twice} 超出文件大小：llama.cpp 会为处理器重排矩阵，可能同时保留两份）` : ""}，上下文 ${contexts}`,
    unload: (names: string) => `将先结束：${names}`,
    previewFailed: "当前设置无法部署",
  },
});
