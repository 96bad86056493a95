import type { Kind } from "@/features/planner/fields";
import { pythonLiteral, type Snippet } from "@/shared/snippets";

const paths: Record<Kind, string> = { train: "training", serve: "serving", compare: "comparison" };

/** This very plan, asked of the API. */
export function planSnippets(base: string, kind: Kind, body: object, key = "YOUR_API_KEY"): Snippet[] {
  const url = `${base}/api/plans/${paths[kind]}`;
  const json = JSON.stringify(body, null, 2);
  const told = kind === "compare" ? 'plan["options"]' : 'plan["figures"]';
  return [
    {
      id: "curl",
      label: "curl",
      language: "shell",
      text: [
        `curl ${url} \\`,
        `  -H "Authorization: Bearer ${key}" \\`,
        `  -H "Content-Type: application/json" \\`,
        `  -d '${json.replaceAll("'", String.raw`'\''`)}'`,
      ].join("\n"),
    },
    {
      id: "python",
      label: "Python",
      language: "python",
      text: [
        "import requests",
        "",
        "plan = requests.post(",
        `    "${url}",`,
        `    headers={"Authorization": "Bearer ${key}"},`,
        `    json=${pythonLiteral(JSON.parse(json) as never, "    ")},`,
        ").json()",
        `for each in ${told}:`,
        `    print(each["name"], ${kind === "compare" ? 'each["month"]' : 'each["value"], each["unit"]'})`,
      ].join("\n"),
    },
    {
      id: "javascript",
      label: "JavaScript",
      language: "javascript",
      text: [
        `const answer = await fetch("${url}", {`,
        '  method: "POST",',
        `  headers: { "Authorization": "Bearer ${key}", "Content-Type": "application/json" },`,
        `  body: JSON.stringify(${json}),`,
        "});",
        "const plan = await answer.json();",
        `console.table(plan.${kind === "compare" ? "options" : "figures"});`,
      ].join("\n"),
    },
  ];
}
