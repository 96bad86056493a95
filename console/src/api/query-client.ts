import { QueryClient } from "@tanstack/react-query";
import { asProblem } from "@/api/problem";

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
