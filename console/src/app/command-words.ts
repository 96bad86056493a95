import type { LucideIcon } from "lucide-react";
import { words } from "@/shared/words";

export interface Command {
  id: string;
  group: "pages" | "actions" | "things";
  label: string;
  detail?: string;
  icon: LucideIcon;
  /** What a search also finds it by. */
  also?: string;
  act: () => void;
}

export const useCommandWords = words({
  en: {
    title: "Find anything",
    placeholder: "Go to a page, do something, or paste an ID",
    pages: "Go to",
    actions: "Do",
    things: "Found",
    createKey: "Create an API key",
    inviteMember: "Invite a member",
    addOwnModel: "Add own model",
    addProvider: "Add a provider",
    createAlias: "Create an alias",
    startBatch: "Start a batch",
    setLimit: "Set a limit",
    dark: "Use the dark theme",
    light: "Use the light theme",
    call: "Look up this call",
    batch: "Open this batch",
    none: "Nothing found. Try a page's name, a key's name, or an ID such as key_…",
  },
  zh: {
    title: "搜索或跳转",
    placeholder: "前往页面、执行操作，或粘贴 ID",
    pages: "前往",
    actions: "操作",
    things: "找到",
    createKey: "创建 API 密钥",
    inviteMember: "邀请成员",
    addOwnModel: "添加自有模型",
    addProvider: "添加供应商",
    createAlias: "创建别名",
    startBatch: "开始批处理",
    setLimit: "设置限额",
    dark: "使用深色主题",
    light: "使用浅色主题",
    call: "查找这次调用",
    batch: "打开这个批处理",
    none: "没有找到。可以输入页面名、密钥名，或 key_… 这样的 ID。",
  },
});
