import type { Snippet } from "@/shared/snippets";

export const exampleLine = JSON.stringify({
  custom_id: "1",
  method: "POST",
  url: "/v1/chat/completions",
  body: { model: "qwen2.5-coder-0.5b-instruct", messages: [{ role: "user", content: "Hello!" }] },
});

/** A batch from the file to its answers. */
export function batchSnippets(base: string, endpoint: string, key = "YOUR_API_KEY"): Snippet[] {
  return [
    {
      id: "curl",
      label: "curl",
      language: "shell",
      text: [
        `curl ${base}/v1/files -H "Authorization: Bearer ${key}" \\`,
        `  -F purpose=batch -F file=@requests.jsonl`,
        "",
        `curl ${base}/v1/batches -H "Authorization: Bearer ${key}" \\`,
        `  -H "Content-Type: application/json" \\`,
        `  -d '${JSON.stringify({ input_file_id: "FILE_ID", endpoint, completion_window: "24h" })}'`,
        "",
        `curl ${base}/v1/batches/BATCH_ID -H "Authorization: Bearer ${key}"`,
      ].join("\n"),
    },
    {
      id: "python",
      label: "Python",
      language: "python",
      text: [
        "from openai import OpenAI",
        "",
        `client = OpenAI(base_url="${base}/v1", api_key="${key}")`,
        "",
        'file = client.files.create(purpose="batch", file=open("requests.jsonl", "rb"))',
        `batch = client.batches.create(input_file_id=file.id, endpoint="${endpoint}", completion_window="24h")`,
        "",
        "batch = client.batches.retrieve(batch.id)",
        'if batch.status == "completed":',
        "    print(client.files.content(batch.output_file_id).text)",
      ].join("\n"),
    },
    {
      id: "javascript",
      label: "JavaScript",
      language: "javascript",
      text: [
        'import fs from "node:fs";',
        'import OpenAI from "openai";',
        "",
        `const client = new OpenAI({ baseURL: "${base}/v1", apiKey: "${key}" });`,
        "",
        'const file = await client.files.create({ purpose: "batch", file: fs.createReadStream("requests.jsonl") });',
        `const started = await client.batches.create({ input_file_id: file.id, endpoint: "${endpoint}", completion_window: "24h" });`,
        "",
        "const batch = await client.batches.retrieve(started.id);",
        'if (batch.status === "completed") {',
        "  console.log(await (await client.files.content(batch.output_file_id)).text());",
        "}",
      ].join("\n"),
    },
  ];
}
