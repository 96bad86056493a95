/** Where the choices of a field come from: whether they are on their way, why they did not come, and how to ask again. */
export interface Source {
  loading: boolean;
  error: unknown;
  retry: () => void;
}

interface Query {
  data: unknown;
  error: unknown;
  isLoading: boolean;
  refetch: () => unknown;
}

/** What has come once goes on being shown, whatever becomes of the next time. */
export function sourceOf(...queries: readonly Query[]): Source {
  const missing = queries.filter(({ data }) => data === undefined);
  return {
    loading: missing.some(({ isLoading }) => isLoading),
    error: missing.find(({ error }) => error)?.error ?? null,
    retry: () => {
      for (const { refetch } of missing) void refetch();
    },
  };
}
