import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { askAgain } from "@/api/query-client";

test("an answer that is on its way when everything is asked anew is not taken", async () => {
  const client = new QueryClient();
  const answers: ((text: string) => void)[] = [];
  const observer = new QueryObserver(client, {
    queryKey: ["text"],
    queryFn: () => new Promise<string>((resolve) => answers.push(resolve)),
  });
  const leave = observer.subscribe(() => undefined);
  await expect.poll(() => answers.length).toBe(1);
  const again = askAgain(client);
  await expect.poll(() => answers.length).toBe(2);
  answers[0]?.("中文");
  answers[1]?.("English");
  await again;
  expect(client.getQueryData(["text"])).toBe("English");
  leave();
});
