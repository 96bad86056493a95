import { QueryClient } from "@tanstack/react-query";
import { asProblem } from "@/api/problem";

/** Reads again and again what was read once. An error with nothing behind it stays until somebody asks again: it would blink otherwise. */
export const every = (ms: number) => (query: { state: { data: unknown } }): number | false => (query.state.data === undefined ? false : ms);

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A refusal stays a refusal; only a server that is away or busy is asked again.
      retry: (count, error) => count < 2 && [0, 502, 503, 504].includes(asProblem(error).status),
      retryDelay: (count) => 400 * 2 ** count,
    },
  },
});

/** Everything anew, also what is on its way for the first time: that is no answer to what is asked from now on. */
export async function askAgain(client: QueryClient): Promise<void> {
  await client.cancelQueries({ type: "active", predicate: ({ state }) => state.data === undefined });
  await client.invalidateQueries();
}
