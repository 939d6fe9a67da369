import { route } from '../http.mjs';
import { submit } from '../state.mjs';

route('POST', '/scheme-changes', ({ session, body }) => submit(session, body.kind, body.payload?.code ?? body.payload?.member ?? '', body.note || body.kind, null, body.payload, body.effective_on ?? null));
