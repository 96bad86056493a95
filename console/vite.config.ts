import { fileURLToPath, URL } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` against a running server: JIXI_URL=http://127.0.0.1:8210 npm run dev
const server = process.env["JIXI_URL"] ?? "http://127.0.0.1:8210";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: { "/api": server, "/v1": server } },
  build: {
    target: "es2022",
    // An inlined asset would be a data: address, which the content security policy refuses.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
