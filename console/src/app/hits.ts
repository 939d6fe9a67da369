/** Where something that the server found is shown. */
export interface Hit {
  kind: string;
  id: string;
  zh: string;
  en: string;
}

export function pathOfHit(hit: Hit): string | null {
  const id = encodeURIComponent(hit.id);
  switch (hit.kind) {
    case 'member':
      return `/members/${id}`;
    case 'upload':
      return `/uploads/${id}`;
    case 'result-file':
      return `/result-files?name=${id}`;
    case 'receipt':
      return `/receipts?upload_name=${id}`;
    case 'day':
      return `/days/${id}`;
    case 'card':
      return `/records?card=${id}`;
    case 'psam':
      return `/records?psam=${id}`;
    case 'approval':
      return `/approvals/${id}`;
    case 'job':
      return `/jobs?detail=${id}`;
    default:
      return null;
  }
}
