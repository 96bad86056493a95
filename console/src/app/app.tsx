import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { App as AntApp, ConfigProvider } from "antd";
import en from "antd/locale/en_US";
import zh from "antd/locale/zh_CN";
import { useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { askAgain, queryClient } from "@/api/query-client";
import { router } from "@/app/router";
import { themeFor } from "@/app/theme";
import { cssVariables } from "@/shared/palette";
import { usePreferences, useScheme, useStill } from "@/shared/preferences";
import { NowProvider } from "@/shared/values";

export function App() {
  const { language } = usePreferences();
  const scheme = useScheme();
  const still = useStill();
  const theme = useMemo(() => themeFor(scheme, still), [scheme, still]);
  useLayoutEffect(() => {
    const { documentElement: html } = document;
    html.lang = language === "zh" ? "zh-CN" : "en";
    html.style.colorScheme = scheme;
    for (const [name, value] of Object.entries(cssVariables(scheme))) html.style.setProperty(name, value);
  }, [language, scheme]);
  useFreshTexts(language);
  return (
    <ConfigProvider theme={theme} locale={language === "zh" ? zh : en} wave={{ disabled: true }} button={{ autoInsertSpace: false }}>
      <AntApp component={false}>
        <QueryClientProvider client={queryClient}>
          <NowProvider>
            <RouterProvider router={router} />
          </NowProvider>
        </QueryClientProvider>
      </AntApp>
    </ConfigProvider>
  );
}

/** The server words its reasons in the reader's language, so what it said before a switch is asked for again. */
function useFreshTexts(language: string): void {
  const before = useRef(language);
  useEffect(() => {
    if (before.current === language) return;
    before.current = language;
    void askAgain(queryClient);
  }, [language]);
}
