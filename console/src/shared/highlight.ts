/** Just enough colour for the snippets that we show: comments, strings, numbers, words of the language. */
export type Shade = "plain" | "comment" | "string" | "number" | "word";
export type Piece = readonly [Shade, string];

const word = {
  shell: "curl|export|jixi|npm|pip",
  python: "and|as|async|await|break|class|def|elif|else|except|for|from|if|import|in|is|lambda|not|or|pass|print|raise|return|try|while|with|yield|None|True|False",
  javascript: "async|await|break|class|const|else|export|for|from|function|if|import|let|new|of|return|throw|try|type|while|null|true|false|undefined",
  json: "true|false|null",
  text: "(?!)",
} as const;

export type CodeLanguage = keyof typeof word;

export function codeLanguage(name: string | undefined): CodeLanguage {
  const known: Record<string, CodeLanguage> = {
    sh: "shell", bash: "shell", shell: "shell", zsh: "shell", py: "python", python: "python",
    js: "javascript", jsx: "javascript", ts: "javascript", tsx: "javascript", javascript: "javascript", typescript: "javascript",
    json: "json", go: "javascript", rust: "javascript", java: "javascript", c: "javascript", cpp: "javascript",
  };
  return known[(name ?? "").toLowerCase()] ?? "text";
}

export function highlight(text: string, language: CodeLanguage): Piece[] {
  if (language === "text" || text.length > 20_000) return [["plain", text]];
  const comment = language === "javascript" ? String.raw`\/\/[^\n]*` : language === "json" ? "(?!)" : String.raw`#[^\n]*`;
  const string = String.raw`"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|` + "`(?:\\\\.|[^`\\\\])*`";
  const pattern = new RegExp(`(${comment})|(${string})|(\\b\\d[\\d_.]*\\b)|(\\b(?:${word[language]})\\b)`, "g");
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) pieces.push(["plain", text.slice(end, match.index)]);
    const shade: Shade = match[1] ? "comment" : match[2] ? "string" : match[3] ? "number" : "word";
    pieces.push([shade, match[0]]);
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push(["plain", text.slice(end)]);
  return pieces;
}
