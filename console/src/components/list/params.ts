/** Where a list keeps its state: in the URL (a page), or in memory (a list inside another page). */
import { useCallback, useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';

export type SetParams = (change: (params: URLSearchParams) => URLSearchParams, replace?: boolean) => void;

export function useUrlParams(): [URLSearchParams, SetParams] {
  const [params, setParams] = useSearchParams();
  const set = useCallback<SetParams>((change, replace = false) => setParams(change, { replace }), [setParams]);
  return [params, set];
}

export function useLocalParams(initial?: string): [URLSearchParams, SetParams] {
  const [text, setText] = useState(initial ?? '');
  const params = useMemo(() => new URLSearchParams(text), [text]);
  const set = useCallback<SetParams>((change) => setText((old) => change(new URLSearchParams(old)).toString()), []);
  return [params, set];
}
