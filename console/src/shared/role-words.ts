import { words } from "@/shared/words";

export const useRoleWords = words({
  en: {
    platform_admin: "Platform admin",
    tenant_admin: "Tenant admin",
    developer: "Developer",
    analyst: "Analyst",
    auditor: "Auditor",
  },
  zh: {
    platform_admin: "平台管理员",
    tenant_admin: "租户管理员",
    developer: "开发者",
    analyst: "分析师",
    auditor: "审计员",
  },
});
